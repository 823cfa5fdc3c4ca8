/** The engine beside a real Prometheus: the same samples, the same queries. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../testing/free-port.ts';
import { type QueryResult, queryInstant, queryRange } from './engine.ts';
import { QUERIES, WRONG } from './testing/queries.ts';
import { NOW_MS, openMetrics, sampleSource } from './testing/samples.ts';
import { keyOf } from './vector.ts';

const PROMETHEUS = '/usr/bin/prometheus';
const PROMTOOL = '/usr/bin/promtool';
const skip = [PROMETHEUS, PROMTOOL].every(existsSync)
  ? false
  : 'the Debian package prometheus is not installed';
const STARTS_WITHIN_MS = 30_000;

let address = '';
let end = async (): Promise<void> => {};

before(async () => {
  if (skip) return;
  const folder = await mkdtemp(join(tmpdir(), 'goblin-promql-'));
  await writeFile(join(folder, 'samples.om'), openMetrics());
  await writeFile(join(folder, 'prometheus.yml'), '{}');
  const data = join(folder, 'data');
  await promisify(execFile)(PROMTOOL, [
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    join(folder, 'samples.om'),
    data,
  ]);
  address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    PROMETHEUS,
    [
      ...[`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${data}`],
      ...[`--web.listen-address=${address}`, '--storage.tsdb.retention.time=100y', '--log.level=error'],
    ],
    { stdio: 'ignore' },
  );
  end = async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true });
  };
  const deadline = Date.now() + STARTS_WITHIN_MS;
  while (
    !(await fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    assert.ok(Date.now() < deadline, 'Prometheus did not start');
    await pause(100);
  }
});

after(() => end());

interface PrometheusAnswer {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data: { readonly resultType: string; readonly result: never };
}

async function ask(path: string, params: Record<string, string>): Promise<PrometheusAnswer> {
  const response = await fetch(`http://${address}/api/v1/${path}?${new URLSearchParams(params)}`);
  return (await response.json()) as PrometheusAnswer;
}

type Plain = [labels: string, points: [number, number][]];

function ofPrometheus({ data: { resultType, result } }: PrometheusAnswer): Plain[] {
  type Point = [number, string];
  const point = ([at, value]: Point): [number, number] => [Math.round(at * 1_000), numberOf(value)];
  if (resultType === 'scalar') return [['', [point(result)]]];
  return (result as { metric: Record<string, string>; value?: Point; values?: Point[] }[]).map(
    ({ metric, value, values }): Plain => [keyOf(metric), (values ?? [value!]).map(point)],
  );
}

function numberOf(text: string): number {
  return text.endsWith('Inf')
    ? text.startsWith('-')
      ? Number.NEGATIVE_INFINITY
      : Number.POSITIVE_INFINITY
    : Number(text);
}

function ofOurs({ series }: QueryResult): Plain[] {
  return series.map(({ labels, points }): Plain => [keyOf(labels), points.map(([at, value]) => [at, value])]);
}

function agree(query: string, ours: Plain[], theirs: Plain[], inOrder: boolean): void {
  const byLabels = (a: Plain, b: Plain): number => (a[0] < b[0] ? -1 : 1);
  if (!inOrder) [ours.sort(byLabels), theirs.sort(byLabels)];
  assert.deepEqual(
    ours.map(([labels]) => labels),
    theirs.map(([labels]) => labels),
    query,
  );
  for (const [i, [labels, points]] of ours.entries()) {
    const expected = theirs[i]![1];
    assert.deepEqual(
      points.map(([at]) => at),
      expected.map(([at]) => at),
      `${query} ${labels}`,
    );
    for (const [j, [at, value]] of points.entries()) {
      const other = expected[j]![1];
      const isSame =
        Object.is(value, other) || Math.abs(value - other) <= 1e-9 * Math.max(1, Math.abs(other));
      assert.ok(
        isSame || value === other,
        `${query} ${labels} at ${at}: ${value}, and Prometheus says ${other}`,
      );
    }
  }
}

for (const query of QUERIES)
  test(`Prometheus answers as we do: ${query}`, { skip }, async () => {
    const inOrder = query.startsWith('sort');
    for (const ageMs of [0, 3_333_333]) {
      const at = NOW_MS - ageMs;
      const theirs = await ask('query', { query, time: String(at / 1_000) });
      assert.equal(theirs.status, 'success', theirs.error);
      agree(query, ofOurs(await queryInstant(sampleSource, query, at)), ofPrometheus(theirs), inOrder);
    }
    const [fromMs, toMs, stepMs] = [NOW_MS - 7_200_000, NOW_MS, 97_000];
    const range = { start: String(fromMs / 1_000), end: String(toMs / 1_000), step: String(stepMs / 1_000) };
    const theirs = await ask('query_range', { query, ...range });
    assert.equal(theirs.status, 'success', theirs.error);
    agree(
      query,
      ofOurs(await queryRange(sampleSource, query, { fromMs, toMs, stepMs })),
      ofPrometheus(theirs),
      false,
    );
  });

for (const query of WRONG)
  test(`Prometheus refuses as we do: ${query}`, { skip }, async () => {
    const theirs = await ask('query', { query, time: String(NOW_MS / 1_000) });
    assert.equal(theirs.status, 'error', 'Prometheus takes it');
    await assert.rejects(queryInstant(sampleSource, query, NOW_MS), { code: 'INVALID_INPUT' });
  });
