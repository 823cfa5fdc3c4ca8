/** A real Prometheus is scraped, started again, and ended. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isStale } from '../../sample-rules.ts';
import { freePort } from '../../testing/free-port.ts';
import { running, temporaryFolder, toolsFor, until } from '../testing/collecting.ts';
import { recordingStore } from '../testing/recording-store.ts';
import { scrape } from './scrape.ts';

const PROMETHEUS = '/usr/bin/prometheus';
const skip = existsSync(PROMETHEUS) ? false : 'the Debian package prometheus is not installed';

test("a real Prometheus' own metrics are read whole, and end with it", {
  skip,
  timeout: 60_000,
}, async () => {
  using folder = temporaryFolder();
  await writeFile(join(folder.path, 'prometheus.yml'), '{}');
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    PROMETHEUS,
    [
      ...[
        `--config.file=${join(folder.path, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder.path, 'data')}`,
      ],
      ...[`--web.listen-address=${address}`, '--log.level=error'],
    ],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  try {
    const store = recordingStore();
    const labels = { job: 'prometheus', instance: address };
    const url = `http://${address}/metrics`;
    await using _ = running(scrape(toolsFor(store), { targets: () => [{ url, labels }], periodMs: 200 }));
    await until(() => store.valueOf('up', labels) === 1, 'it is up');
    assert.equal(store.valueOf('prometheus_ready', labels) ?? 1, 1);
    assert.ok(store.valueOf('process_resident_memory_bytes', labels)! > 1e6);
    // Every series of its answer is there: names, labels and all.
    const answer = await (await fetch(url)).text();
    const names = new Set(
      answer
        .split('\n')
        .filter((line) => line && !line.startsWith('#'))
        .map((line) => /^[^{ ]+/.exec(line)![0]),
    );
    const isThere = (name: string): boolean =>
      store.valueOf(name, labels) !== undefined || / NaN$/m.test(linesOf(answer, name));
    await until(() => [...names].every(isThere), 'all names of its answer are known');
    assert.ok(names.size > 100);
    child.kill('SIGKILL');
    await until(() => store.valueOf('up', labels) === 0, 'it is down');
    assert.ok(isStale(Float64Array.of(store.valueOf('process_resident_memory_bytes', labels)!), 0));
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
});

function linesOf(answer: string, name: string): string {
  return answer
    .split('\n')
    .filter((line) => line.startsWith(name))
    .join('\n');
}
