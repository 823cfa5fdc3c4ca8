/** Exemplars beside a real Prometheus: the same remote write, the same question, the same answer. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { bytesField, double, field, message } from '../decode/fixtures/protobuf-writer.ts';
import { snappyLiteral } from '../decode/fixtures/samples.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { freePort } from '../testing/free-port.ts';
import { testHost } from './testing/host.ts';

const PROMETHEUS = '/usr/bin/prometheus';
const skip = existsSync(PROMETHEUS) ? false : 'the Debian package prometheus is not installed';
const STARTS_WITHIN_MS = 30_000;
/** Further apart than what the store keeps one of. */
const APART_MS = 40_000;

interface Running extends AsyncDisposable {
  readonly url: string;
}

async function prometheus(): Promise<Running> {
  const folder = temporaryFolder();
  await writeFile(join(folder.path, 'prometheus.yml'), 'storage: { exemplars: { max_exemplars: 1000 } }\n');
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${join(folder.path, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder.path, 'data')}`,
      `--web.listen-address=${address}`,
      ...['--web.enable-remote-write-receiver', '--enable-feature=exemplar-storage', '--log.level=error'],
    ],
    { stdio: 'ignore' },
  );
  const deadline = Date.now() + STARTS_WITHIN_MS;
  while (!(await fetch(`http://${address}/-/ready`).catch(() => undefined))?.ok) {
    assert.ok(Date.now() < deadline, 'Prometheus did not start');
    await pause(100);
  }
  return {
    url: `http://${address}`,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      folder[Symbol.dispose]();
    },
  };
}

const label = (name: string, value: string): Buffer => message(1, bytesField(1, name), bytesField(2, value));

function written(le: string, value: number, atMs: number, trace: string): Buffer {
  const exemplar = message(3, label('trace_id', trace), double(2, value), field(3, atMs));
  const labels = [label('__name__', 'wait_seconds_bucket'), label('job', 'tax'), label('le', le)];
  return snappyLiteral(message(1, ...labels, message(2, double(1, 1), field(2, atMs)), exemplar));
}

test('Prometheus answers the same about the same exemplars', { skip }, async () => {
  await using beside = await prometheus();
  await using host = await testHost();
  const now = Date.now();
  for (const [i, le] of ['0.5', '1', '0.5', '+Inf', '0.5'].entries()) {
    const bytes = written(le, i + 0.25, now - (5 - i) * APART_MS, `trace-${i}-${'x'.repeat(40)}`);
    const answer = await fetch(`${beside.url}/api/v1/write`, {
      method: 'POST',
      headers: { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(bytes),
    });
    assert.equal(answer.status, 204, await answer.text());
    await host.store.ingest('remote-write', new Uint8Array(bytes));
  }
  for (const query of [
    'wait_seconds_bucket{le="0.5"}',
    'histogram_quantile(0.9, sum by (le) (rate(wait_seconds_bucket[5m]))) / -wait_seconds_bucket{le="1"}',
    'nothing',
  ]) {
    const params = new URLSearchParams({
      query,
      start: String((now - 4.5 * APART_MS) / 1_000),
      end: String(now / 1_000),
    });
    const answers = await Promise.all(
      [beside.url, host.url].map(async (url) => {
        const { status, data } = (await (await fetch(`${url}/api/v1/query_exemplars?${params}`)).json()) as {
          status: string;
          data: { seriesLabels: { le: string } }[] | null;
        };
        const sorted = (data ?? []).sort((one, other) =>
          one.seriesLabels.le < other.seriesLabels.le ? -1 : 1,
        );
        return { status, data: sorted };
      }),
    );
    assert.deepEqual(answers[1], answers[0], query);
    assert.equal(answers[1]!.data.length > 0, query !== 'nothing');
  }
});
