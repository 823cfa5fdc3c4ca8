/** The process that evaluates is killed at any moment, again and again, while hours pass in its rounds. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openState } from '../state/state-database.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { seededRandom } from '../store/fixtures/random.ts';
import { isFailing, PROCESS_SERVICES, ROUND_MS } from './testing/failing-services.ts';
import { noticesOf } from './testing/notice-table.ts';

const PROCESS = fileURLToPath(new URL('./testing/engine-process.ts', import.meta.url));
const KILLS = 12;

/** @returns the time of the last round that it told of */
async function runAndKill(folder: string, afterRounds: number): Promise<number> {
  const child = spawn(process.execPath, [PROCESS, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let rounds = 0;
  let atMs = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    atMs = Number(line);
    if (++rounds === afterRounds) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
  return atMs;
}

test('kill -9 at any moment: each firing is told once and resolved once, and none is forgotten', async () => {
  using folder = temporaryFolder();
  const random = seededRandom(5);
  let lastMs = 0;
  for (let kill = 0; kill < KILLS; kill++) lastMs = await runAndKill(folder.path, 150 + random(400));
  using state = openState(folder.path);
  const notices = noticesOf(state);
  for (const service of PROCESS_SERVICES) {
    const reasons = notices.filter((notice) => notice.service === service).map(({ reason }) => reason);
    const expected: string[] = [];
    let wasFailing = false;
    // What has begun a minute before the end has been told.
    for (let atMs = ROUND_MS; atMs < lastMs - 60_000; atMs += ROUND_MS) {
      const isNow = isFailing(service, atMs);
      if (isNow !== wasFailing) expected.push(isNow ? 'firing' : 'resolved');
      wasFailing = isNow;
    }
    assert.ok(expected.length >= 2, `${service} fails within ${lastMs / 60_000} minutes`);
    assert.deepEqual(reasons.slice(0, expected.length), expected);
    assert.ok(reasons.length <= expected.length + 1);
  }
});
