/** What was appended is what is selected: against a model in memory, through seals, restarts, midnights, late and repeated samples. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Labels, Sample } from '../../model.ts';
import { temporaryFolder } from '../fixtures/folder.ts';
import { seededRandom } from '../fixtures/random.ts';
import { batch, HOUR_MS, NOON_MS, noonClock, sample } from '../fixtures/telemetry.ts';
import { openStore } from '../store.ts';
import type { TelemetryStore } from '../telemetry-store.ts';
import { keyOf } from './labels.ts';
import { type Aggregate, joinSteps, rollUp, stepsOf } from './rollup.ts';

const retention = { days: 5, bytes: 1e9 };
const ALL = [{ label: '__name__', op: '=~', value: '.+' }] as const;
const DAY_MS = 24 * HOUR_MS;

type Model = Map<string, Map<number, number>>;

const series: Labels[] = Array.from({ length: 30 }, (_, i) => ({
  __name__: `metric_${i % 3}`,
  instance: `i${i}`,
  ...(i % 2 && { zone: 'a' }),
}));

function remember(model: Model, samples: readonly Sample[]): void {
  for (const { series: labels, atMs, value } of samples) {
    const key = keyOf(labels);
    if (!model.has(key)) model.set(key, new Map());
    model.get(key)!.set(atMs, value);
  }
}

function expected(model: Model, fromMs: number, toMs: number): Map<string, [number, number][]> {
  const all = new Map<string, [number, number][]>();
  for (const [key, points] of model) {
    const within = [...points]
      .filter(([at]) => at >= fromMs && at <= toMs)
      .sort(([one], [other]) => one - other);
    if (within.length > 0) all.set(key, within);
  }
  return all;
}

async function selected(
  store: TelemetryStore,
  fromMs: number,
  toMs: number,
): Promise<Map<string, [number, number][]>> {
  const found = await store.select(ALL, fromMs, toMs);
  return new Map(
    found.map(({ labels, times, values }) => [
      keyOf(labels),
      Array.from(times, (at, i): [number, number] => [at, values[i]!]),
    ]),
  );
}

function sorted<V>(map: Map<string, V>): [string, V][] {
  return [...map].sort(([one], [other]) => (one < other ? -1 : 1));
}

test('what was appended is what is selected, whatever was sealed, reopened, late or sent twice', async () => {
  for (const seed of [1, 2]) {
    using folder = temporaryFolder();
    const random = seededRandom(seed);
    const clock = noonClock();
    const model: Model = new Map();
    let store = await openStore({ folder: folder.path, retention, clock });
    try {
      for (let round = 0; round < 15; round++) {
        const samples = Array.from({ length: 1 + random(400) }, () => {
          const spread = random(4) === 0 ? 2 * DAY_MS : HOUR_MS;
          const atMs = NOON_MS - random(spread / 5_000) * 5_000;
          return sample(series[random(series.length)]!, atMs, random(3) ? random(1_000) : random(1_000) / 8);
        });
        const { accepted, rejected } = await store.append(batch({ samples }));
        assert.deepEqual([accepted, rejected], [samples.length, []]);
        remember(model, samples);
        const step = random(10);
        if (step < 3) await store.seal();
        if (step === 4) {
          await store.close();
          store = await openStore({ folder: folder.path, retention, clock });
        }
        if (round % 5 === 0) {
          const fromMs = NOON_MS - random(3 * DAY_MS);
          const toMs = fromMs + random(DAY_MS);
          assert.deepEqual(
            sorted(await selected(store, fromMs, toMs)),
            sorted(expected(model, fromMs, toMs)),
          );
        }
      }
      assert.deepEqual(
        sorted(await selected(store, NOON_MS - 4 * DAY_MS, NOON_MS)),
        sorted(expected(model, NOON_MS - 4 * DAY_MS, NOON_MS)),
      );
    } finally {
      await store.close();
    }
  }
});

test('with steps the answer is what rolling up the points gives, also where a time begins amid a step', async () => {
  using folder = temporaryFolder();
  const random = seededRandom(9);
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const labels = { __name__: 'busy', instance: 'a' };
  const model: Model = new Map();
  for (let part = 0; part < 6; part++) {
    const samples = Array.from({ length: 3_000 }, (_, i) =>
      sample(labels, NOON_MS - 6 * HOUR_MS + part * HOUR_MS + i * 1_000 + random(900), random(50)),
    );
    if (part === 4) samples.push(sample(labels, NOON_MS - 5 * HOUR_MS + 1_234, 1_000));
    await store.append(batch({ samples }));
    remember(model, samples);
    if (part !== 5) await store.seal();
  }
  for (const [fromMs, toMs] of [
    [NOON_MS - 7 * HOUR_MS, NOON_MS],
    [NOON_MS - 5.51 * HOUR_MS, NOON_MS - 0.003 * HOUR_MS],
  ] as const) {
    const points = expected(model, fromMs, toMs).get(keyOf(labels))!;
    const day = Math.floor(fromMs / DAY_MS) * DAY_MS;
    const columns = {
      times: Float64Array.from(points, ([at]) => at - day),
      values: Float64Array.from(points, ([, value]) => value),
    };
    for (const stepMs of [60_000, HOUR_MS]) {
      for (const aggregate of ['last', 'min', 'max', 'sum', 'count', 'avg'] as Aggregate[]) {
        const wanted = joinSteps([stepsOf(rollUp(columns, stepMs), aggregate)], aggregate);
        const [found] = await store.select(ALL, fromMs, toMs, { stepMs, aggregate });
        assert.deepEqual([found!.times.map((at) => at - day), found!.values], [wanted.times, wanted.values]);
      }
    }
  }
});

test('series are chosen by matchers as Prometheus does', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  await store.append(batch({ samples: series.map((labels, i) => sample(labels, NOON_MS - i, i)) }));
  const count = async (...matchers: Parameters<TelemetryStore['select']>[0]): Promise<number> =>
    (await store.select(matchers, NOON_MS - 1_000, NOON_MS)).length;
  assert.equal(await count({ label: '__name__', op: '=', value: 'metric_1' }), 10);
  assert.equal(await count({ label: 'instance', op: '=~', value: 'i1' }), 1);
  assert.equal(await count({ label: 'instance', op: '=~', value: 'i1.*' }), 11);
  assert.equal(await count({ label: 'instance', op: '!~', value: 'i1.*' }), 19);
  assert.equal(await count({ label: 'zone', op: '=', value: '' }), 15);
  assert.equal(await count({ label: 'zone', op: '!=', value: '' }), 15);
  assert.equal(await count({ label: 'ZONE', op: '=~', value: '(?i)A|' }), 30);
  await assert.rejects(count({ label: 'zone', op: '=~', value: '(' }), { code: 'INVALID_INPUT' });
  const range = [NOON_MS - 1_000, NOON_MS] as const;
  assert.deepEqual(await store.labelNames([], ...range), ['__name__', 'instance', 'zone']);
  assert.deepEqual(await store.labelValues('__name__', [], ...range), ['metric_0', 'metric_1', 'metric_2']);
  assert.equal((await store.series([{ label: 'zone', op: '=', value: 'a' }], ...range)).length, 15);
});

test('equal labels are one series, in whatever order and with or without empty ones', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  await store.append(
    batch({
      samples: [
        sample({ __name__: 'm', a: '1', b: '2' }, NOON_MS - 2, 1),
        sample({ b: '2', a: '1', __name__: 'm', c: '' }, NOON_MS - 1, 2),
      ],
    }),
  );
  const found = await store.select(ALL, NOON_MS - 10, NOON_MS);
  assert.deepEqual(
    found.map(({ labels, values }) => [labels, [...values]]),
    [[{ __name__: 'm', a: '1', b: '2' }, [1, 2]]],
  );
});
