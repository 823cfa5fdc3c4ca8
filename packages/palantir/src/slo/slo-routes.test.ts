import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { rule } from '../alerts/testing/rules.ts';
import { testSource } from '../alerts/testing/series-source.ts';
import { NOON_MS, noonClock } from '../store/fixtures/telemetry.ts';
import type { Slo, SloBudget } from './slo.ts';
import { sloRoutes } from './slo-routes.ts';
import { sloSummaries } from './slo-summaries.ts';
import { createSlos } from './slos.ts';
import { calls, ERROR_SHARE } from './testing/calls.ts';

const slos = createSlos({
  metrics: testSource(calls('tax', NOON_MS, () => 0.004).samples),
  clock: noonClock(),
  rules: () => [
    rule('taxes are known', { kind: 'burnRate', errorShare: ERROR_SHARE, objective: 0.99 }),
    rule('no objective', 'up == 0'),
  ],
});
const routes = sloRoutes(slos);

async function get<T>(
  pattern: string,
  path: string,
  params: Readonly<Record<string, string>> = {},
): Promise<T> {
  const request = new Request(`http://localhost${path}`);
  return (await (await routes[`GET ${pattern}`]!(request, {} as never, params)).json()) as T;
}

test('objectives are answered as JSON, and so is the budget of one over a time', async () => {
  const [slo, ...others] = await get<Slo[]>('/palantir/slos', '/palantir/slos');
  assert.deepEqual([slo!.name, slo!.service, slo!.state, others], ['taxes are known', 'tax', 'ok', []]);
  const path = `/palantir/slos/x/budget?start=${NOON_MS / 1_000 - 3_600}&end=${NOON_MS / 1_000}`;
  const { times, series } = await get<SloBudget>('/palantir/slos/:name/budget', path, { name: slo!.name });
  assert.deepEqual([times.length, times[0], times.at(-1)], [61, NOON_MS - 3_600_000, NOON_MS]);
  assert.equal(series[0]!.service, 'tax');
  assert.ok(Math.abs(series[0]!.values.at(-1)! - slo!.budgetLeft!) < 1e-9);
});

test('a name that no objective has is not found', async () => {
  await assert.rejects(
    get('/palantir/slos/:name/budget', '/palantir/slos/x/budget', { name: 'no objective' }),
    (error) => isGoblinError(error, 'NOT_FOUND'),
  );
});

test('a wall gets the worst of many, each with a name of its own', async () => {
  const [one] = await slos.list();
  const many = Array.from({ length: 60 }, (_, index) => ({ ...one!, labels: { service: `s${index}` } }));
  const shown = sloSummaries(many);
  assert.equal(shown.length, 24);
  assert.equal(new Set(shown.map(({ id }) => id)).size, 24);
});
