import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '../../model.ts';
import { temporaryFolder } from '../../store/fixtures/folder.ts';
import { batch, logLine, NOON_MS, noonClock } from '../../store/fixtures/telemetry.ts';
import { openStore, type TelemetryStore } from '../../store/store.ts';
import { logTails, MAX_TAILS, type TailWatcher } from './log-tails.ts';
import { parseSelection } from './parser.ts';

const retention = { days: 5, bytes: 1e9 };

class Seen implements TailWatcher {
  readonly bodies: string[] = [];
  missedLines = 0;
  #wake: (() => void) | undefined;

  lines(found: readonly LogLine[]): void {
    for (const { body } of found) this.bodies.push(body);
    this.#wake?.();
  }

  missed(lines: number): void {
    this.missedLines += lines;
    this.#wake?.();
  }

  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function send(store: TelemetryStore, bodies: readonly string[], severity = 9): Promise<unknown> {
  return store.append(batch({ logs: bodies.map((body) => logLine(NOON_MS, body, { severity })) }));
}

test('who watches sees each new line that fits once, in order, whatever else happens to the batches', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const tails = logTails(store);
  await send(store, ['before 0']);
  const [all, odd] = [new Seen(), new Seen()];
  tails.watch(parseSelection('{service="payments"}'), all);
  const endOdd = tails.watch(parseSelection('{} |~ "[13579]$" | line_format "odd {{.service}}"'), odd);
  const sent: string[] = [];
  for (let round = 0; round < 30; round++) {
    const bodies = Array.from({ length: 150 }, (_, i) => `line ${round * 150 + i}`);
    sent.push(...bodies);
    await send(store, bodies);
    if (round % 10 === 0) await store.seal();
  }
  await all.until(() => all.bodies.length >= sent.length);
  assert.deepEqual(all.bodies, sent);
  await odd.until(() => odd.bodies.length >= sent.length / 2);
  assert.deepEqual(new Set(odd.bodies), new Set(['odd payments']));
  assert.deepEqual([all.missedLines, odd.missedLines, odd.bodies.length], [0, 0, sent.length / 2]);
  endOdd();
  await send(store, ['line 1']);
  await all.until(() => all.bodies.length > sent.length);
  assert.equal(odd.bodies.length, sent.length / 2, 'who has left sees nothing more');
});

test('lines beyond what may wait are not looked at, and how many is told', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const seen = new Seen();
  logTails(store).watch(parseSelection('{} |= "7"'), seen);
  const bodies = Array.from({ length: 25_000 }, (_, i) => `line ${i}`);
  await send(store, bodies);
  const wanted = bodies.slice(0, 20_000).filter((body) => body.includes('7'));
  await seen.until(() => seen.bodies.length >= wanted.length);
  assert.deepEqual(seen.bodies, wanted);
  assert.equal(seen.missedLines, 5_000);
});

test('so many may watch, and the next one may when one has left', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const tails = logTails(store);
  const watch = (): (() => void) => tails.watch(parseSelection(''), new Seen());
  const ends = Array.from({ length: MAX_TAILS }, watch);
  assert.throws(watch, { code: 'RESOURCE_EXHAUSTED' });
  ends[0]!();
  ends[0]!();
  watch();
  assert.throws(watch, { code: 'RESOURCE_EXHAUSTED' });
});

test('errors are told to who listens, once they are kept and before their sender is answered', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const heard: string[] = [];
  const leave = store.onLogs((lines) => heard.push(...lines.map(({ body }) => body)));
  await send(store, ['info'], 9);
  await send(store, ['error', 'again'], 17);
  assert.deepEqual(heard, ['error', 'again']);
  const lines = [
    logLine(NOON_MS, 'fatal', { severity: 21 }),
    logLine(NOON_MS - 9e9, 'too old', { severity: 21 }),
  ];
  await store.append(batch({ logs: lines }));
  assert.deepEqual(heard, ['error', 'again', 'fatal'], 'what is not kept is not told');
  leave();
  await send(store, ['error'], 17);
  assert.equal(heard.length, 3);
});
