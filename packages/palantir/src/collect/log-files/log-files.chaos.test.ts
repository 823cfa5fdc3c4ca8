/** The process that follows the logs is killed at any moment, while lines come and files rotate. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openState } from '../../state/state-database.ts';
import { seededRandom } from '../../store/fixtures/random.ts';
import { openStore } from '../../store/store.ts';
import { running, temporaryFolder, toolsFor, until } from '../testing/collecting.ts';
import { logFiles } from './log-files.ts';

const FOLLOWER = fileURLToPath(new URL('../testing/log-follower.ts', import.meta.url));
const ROUNDS = 20;
/** Of all rounds together no more than one search gives. */
const LINES = 300;
const DAY_MS = 86_400_000;

/** @param commits after so many it kills itself, where that is given */
async function follower(logs: string, folder: string, commits?: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [FOLLOWER, logs, folder, String(commits)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  return child;
}

test('kill -9 of who follows loses no line and doubles none, while lines come and files rotate', {
  timeout: 120_000,
}, async () => {
  using folder = temporaryFolder();
  const [logs, data] = [join(folder.path, 'logs'), join(folder.path, 'palantir')];
  mkdirSync(logs);
  const random = seededRandom(7);
  const path = (generation: string): string => join(logs, `tax${generation}.ndjson`);
  /** Lines of two days, which the store commits one after the other. */
  const times = [Date.now() - DAY_MS, Date.now()] as const;
  let written = 0;
  /** All files are kept, however slow the machine is: what is rotated away unseen is another test's. */
  let rotations = 0;
  function write(count: number): void {
    const lines = Array.from({ length: count }, () => {
      written += 1;
      const time = new Date(times[written % 2]!).toISOString();
      return `${JSON.stringify({ time, level: 'info', service: 'tax', msg: `line ${written}` })}\n`;
    });
    appendFileSync(path(''), lines.join(''));
  }

  for (let round = 0; round < ROUNDS; round++) {
    // Each second one is killed by chance, the others right between the store's commit and the note of it.
    const isDoomed = round % 2 === 0;
    const child = await follower(logs, data, isDoomed ? 1 + random(3) : undefined);
    const exited = once(child, 'exit');
    for (let i = 0; i < LINES; i += 50) {
      write(50);
      await pause(random(50));
      if (i !== 150 || random(2) === 0) continue;
      for (let generation = rotations; generation > 0; generation--)
        renameSync(path(`.${generation}`), path(`.${generation + 1}`));
      renameSync(path(''), path('.1'));
      rotations += 1;
    }
    if (isDoomed) {
      // It commits once more for each line that it sees.
      for (; child.exitCode === null && child.signalCode === null; await pause(20)) write(1);
    } else {
      await pause(random(100));
      child.kill('SIGKILL');
    }
    await exited;
  }

  await using store = await openStore({ folder: data, retention: { days: 400, bytes: 1e9 } });
  using state = openState(data);
  await using _ = running(logFiles({ ...toolsFor(store), state }, { folder: logs }));
  const kept = async (): Promise<Map<number, number>> => {
    const counts = new Map<number, number>();
    const range = { fromMs: times[0], toMs: times[1] + 1 };
    for await (const { body } of store.searchLogs({ ...range, words: [], limit: 10_000 })) {
      const n = Number(body.slice('line '.length));
      counts.set(n, (counts.get(n) ?? 0) + 1);
    }
    return counts;
  };
  write(1);
  // A day that is being made cannot be read yet.
  await until(async () => (await store.stats()).accepted > 0, 'the last line is kept');
  await until(async () => {
    const { size } = await kept();
    await pause(100);
    return size === written;
  }, `all ${written} lines are kept`);
  assert.deepEqual(
    [...(await kept())].filter(([, count]) => count !== 1),
    [],
  );
});
