import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { batch, logLine, NOON_MS, noonClock } from '../store/fixtures/telemetry.ts';
import { openStore, type TelemetryStore } from '../store/store.ts';
import { answerLines } from './log-lines.ts';

const retention = { days: 5, bytes: 1e9 };
const signal = new AbortController().signal;
const all = { fromMs: 0, toMs: NOON_MS };

async function fill(store: TelemetryStore): Promise<void> {
  for (let part = 0; part < 10; part++) {
    const logs = Array.from({ length: 2_000 }, (_, i) => logLine(NOON_MS - part * 10_000 - i, `line ${i}`));
    await store.append(batch({ logs }));
  }
}

test('an answer that a limit of ours has cut says so without being asked, and what would help', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  await fill(store);
  const asked = { ...all, contains: ['7'], maxLooked: 4_000, limit: 10_000 };
  const lines = (await (await answerLines(store, asked, signal, false)).text()).trim().split('\n');
  const { end } = JSON.parse(lines.pop()!) as { end: Record<string, unknown> };
  assert.deepEqual(
    { ...end, ms: 0 },
    {
      ...{ found: lines.length, looked: 4_000, blocks: 2, skippedBlocks: 0, ms: 0, limitedBy: 'looked' },
      hint: 'ask for less time, or for a whole word by |= word("…"): blocks without it are skipped',
    },
  );
  const whole = await (await answerLines(store, { ...all, words: ['nowhere'] }, signal, false)).text();
  assert.equal(whole, '');
});

test('a search that cannot begin fails, and one that breaks off says so at its end', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  await fill(store);
  const wrong = { ...all, matchers: [{ label: 'a', op: '=~', value: '(' }] as const };
  await assert.rejects(answerLines(store, wrong, signal, false), { code: 'INVALID_INPUT' });
  const left = new AbortController();
  const answer = await answerLines(store, { ...all, limit: 10_000 }, left.signal, false);
  left.abort();
  const last = (await answer.text()).trim().split('\n').at(-1)!;
  assert.equal((JSON.parse(last) as { error: { code: string } }).error.code, 'CANCELED');
});
