/** The process that exports is killed while a receiver takes what it sends, again and again. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { logsFromProtobuf } from '../decode/otlp/otlp.ts';
import { fromRemoteWrite } from '../decode/remote-write.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { receivingServer } from './testing/receiving-server.ts';

const FEEDER = fileURLToPath(new URL('./testing/export-feeder.ts', import.meta.url));
const KILLS = 5;
/** Of one process; all it needs is a second or two. */
const PATIENCE_MS = 30_000;

test('kill -9 of an exporter, also while it is answered, loses nothing that was kept', async () => {
  using folder = temporaryFolder();
  await using server = await receivingServer();
  const kept: number[] = [];
  const metrics = new Set<number>();
  const logs = new Set<number>();
  const missing = (): number[] => kept.filter((number) => !metrics.has(number) || !logs.has(number));
  let kill = (): void => {};
  let round = 0;
  server.answer = ({ path, body }) => {
    const isMetrics = path === '/write';
    const values = isMetrics
      ? fromRemoteWrite(body, Date.now()).samples.map(({ value }) => value)
      : logsFromProtobuf(gunzipSync(body), Date.now()).logs.map((line) => Number(line.body));
    for (const value of values) (isMetrics ? metrics : logs).add(value);
    // By turns before it is answered, which leaves open whether it was taken, and some time after.
    if (round < KILLS && isMetrics) setTimeout(kill, (round % 3) * 150);
    return 200;
  };
  for (; round <= KILLS; round += 1) {
    const args = [FEEDER, folder.path, String(round * 100_000), server.url];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
    const exited = once(child, 'exit');
    kill = () => child.kill('SIGKILL');
    for await (const line of createInterface({ input: child.stdout })) {
      if (round < KILLS) kept.push(Number(line));
      else if (missing().length === 0) kill();
    }
    await exited;
    assert.equal(child.signalCode, 'SIGKILL');
  }
  assert.deepEqual(missing(), []);
  assert.ok(kept.length > KILLS * 10);
});
