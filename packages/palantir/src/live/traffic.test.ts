import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Labels } from '../model.ts';
import { compileMatcher } from '../query/promql/matching.ts';
import type { SampleSeries, SeriesSource } from '../query/promql/source.ts';
import { trafficHistory, trafficNow } from './traffic.ts';

const NOW_MS = Date.UTC(2026, 0, 31, 12, 0, 30);
const PERIOD_MS = 5_000;
const { signal } = new AbortController();

/** Rises by so much per second, for forty minutes. */
function rising(labels: Labels, perSecond: number): SampleSeries {
  const count = (40 * 60_000) / PERIOD_MS;
  const times = Float64Array.from({ length: count }, (_, i) => NOW_MS - (count - 1 - i) * PERIOD_MS);
  return { labels, times, values: times.map((_, i) => (i * perSecond * PERIOD_MS) / 1_000) };
}

/** A histogram of which all values are between 0.05 and 0.1 s. */
function timed(name: string, labels: Labels, perSecond: number): SampleSeries[] {
  return [
    rising({ __name__: `${name}_count`, ...labels }, perSecond),
    rising({ __name__: `${name}_bucket`, ...labels, le: '0.05' }, 0),
    rising({ __name__: `${name}_bucket`, ...labels, le: '0.1' }, perSecond),
    rising({ __name__: `${name}_bucket`, ...labels, le: '+Inf' }, perSecond),
  ];
}

const SERVER = 'rpc_server_call_duration_seconds';
const CLIENT = 'rpc_client_call_duration_seconds';
const HTTP = 'http_server_request_duration_seconds';
const all: readonly SampleSeries[] = [
  ...timed(SERVER, { service: 'tax', instance: '1', exported_service: 'tax.v1', outcome: 'ok' }, 6),
  ...timed(SERVER, { service: 'tax', instance: '2', exported_service: 'tax.v1', outcome: 'INTERNAL' }, 2),
  ...timed(
    SERVER,
    { service: 'tax', instance: '2', exported_service: 'tax.v1', outcome: 'INVALID_INPUT' },
    2,
  ),
  // In the requests of its routes.
  ...timed(
    SERVER,
    { service: 'edge', exported_service: 'edge.v1', outcome: 'INTERNAL', caller: 'route' },
    10,
  ),
  ...timed(CLIENT, { service: 'shop', exported_service: 'tax.v1', outcome: 'ok' }, 6),
  ...timed(CLIENT, { service: 'shop', exported_service: 'tax.v1', outcome: 'UNAVAILABLE' }, 2),
  ...timed(HTTP, { service: 'edge', to: 'shop', status: '200' }, 9),
  ...timed(HTTP, { service: 'edge', to: 'shop', status: '502' }, 1),
];
const source: SeriesSource = {
  async select(matchers, fromMs, toMs) {
    const tests = matchers.map((matcher) => [matcher.label, compileMatcher(matcher)] as const);
    return all
      .filter(({ labels }) => tests.every(([label, fits]) => fits(labels[label] ?? '')))
      .map(({ labels, times, values }) => {
        const within = [...times.keys()].filter((i) => times[i]! >= fromMs && times[i]! <= toMs);
        return {
          labels,
          times: Float64Array.from(within, (i) => times[i]!),
          values: Float64Array.from(within, (i) => values[i]!),
        };
      });
  },
};

const rounded = (value: number): number => Math.round(value * 100) / 100;

test('rates, failures and durations are of all instances of a service, of calls and of routes', async () => {
  const { services: traffic } = await trafficNow(source, NOW_MS, signal);
  const tax = traffic.get('tax')!;
  assert.equal(rounded(tax.requestsPerSecond), 10);
  assert.equal(rounded(tax.errorShare), 0.2, 'what the caller did wrong is no failure of the service');
  assert.ok(tax.p95Ms > 50 && tax.p95Ms <= 100, String(tax.p95Ms));
  assert.equal(rounded(traffic.get('edge')!.errorShare), 0.1);
  assert.equal(rounded(traffic.get('edge')!.requestsPerSecond), 10);
  assert.equal(traffic.get('nobody'), undefined);
});

test('flows lead from callers to the services that answer their contracts, and from the edge', async () => {
  const { flows } = await trafficNow(source, NOW_MS, signal);
  assert.deepEqual(
    flows.map(({ from, to, requestsPerSecond, errorShare }) => [
      from,
      to,
      rounded(requestsPerSecond),
      rounded(errorShare),
    ]),
    [
      ['shop', 'tax', 8, 0.25],
      ['edge', 'shop', 10, 0.1],
    ],
  );
});

test('the history has each of the last thirty minutes', async () => {
  const minutes = (await trafficHistory(source, NOW_MS, signal)).get('tax')!;
  assert.equal(minutes.length, 30);
  assert.deepEqual(new Set(minutes.map(rounded)), new Set([10]));
});
