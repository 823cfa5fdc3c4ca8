/** How services do now, by their metrics: rates, failures and durations of what they answer, and who calls whom. Calls of procedures
 * and plain HTTP routes count together. Everything comes of one reading of each family of histograms: on a large platform these are most
 * of all series, and reading them is what a wall costs. */
import { errorRegistry } from '@goblin/core';
import type { Labels, Matcher } from '../model.ts';
import { queryRange } from '../query/promql/engine.ts';
import { LOOKBACK_MS } from '../query/promql/evaluate.ts';
import { boundOf } from '../query/promql/histogram-quantile.ts';
import { bySteps, type SampleSeries, type SeriesSource } from '../query/promql/source.ts';
import { LONG_MS, recentRate } from './recent-rate.ts';
import { STALLS, STALLS_MS, type Stall, stallsIn } from './stalls.ts';
import { failingShare, quantileMs, Tallies, type Tally } from './tally.ts';
import type { Flow } from './wall-state.ts';

export interface ServiceTraffic {
  readonly requestsPerSecond: number;
  /** From 0 to 1. */
  readonly errorShare: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export interface Traffic {
  readonly services: ReadonlyMap<string, ServiceTraffic>;
  readonly flows: readonly Flow[];
  readonly stalls: readonly Stall[];
}

const MINUTE_MS = 60_000;
const HISTORY_MINUTES = 30;
const TIMEOUT_MS = 5_000;
/** Outcomes that are the fault of who answers, and not of who asks. */
export const FAULTS: string = Object.entries(errorRegistry)
  .filter(([, { status }]) => status >= 500)
  .map(([code]) => code)
  .concat('other')
  .join('|');
const IS_FAULT: ReadonlySet<string> = new Set(FAULTS.split('|'));

const RPC = 'rpc_server_call_duration_seconds';
const HTTP = 'http_server_request_duration_seconds';
const CALLS = 'rpc_client_call_duration_seconds';
const COUNT = '_count';
const SERVED: readonly Matcher[] = [
  { label: '__name__', op: '=~', value: `(${RPC}|${HTTP})_(count|bucket)` },
  // Those are in the requests of the routes.
  { label: 'caller', op: '!=', value: 'route' },
];
const CALLED: Matcher = { label: '__name__', op: '=~', value: `${CALLS}_(count|bucket)` };
const ANSWERED: Matcher = { label: '__name__', op: '=', value: `${RPC}${COUNT}` };
/** By the last samples of minutes, of which two are in each such range. */
const HISTORY = `sum by (service) (rate({__name__=~"(${RPC}|${HTTP})${COUNT}",caller!="route"}[2m]))`;
/** Of a route that became a stream: it lasts, which says nothing about how fast answers come. */
const UPGRADED = '101';

/** From one, to another. */
type Pair = `${string}\n${string}`;

/** @throws what the source throws, and the signal's reason */
export async function trafficNow(source: SeriesSource, atMs: number, signal: AbortSignal): Promise<Traffic> {
  const bounded = { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) };
  const [served, called, answered, stalled] = await Promise.all([
    source.select(SERVED, atMs - LONG_MS, atMs, bounded),
    source.select([CALLED], atMs - LONG_MS, atMs, bounded),
    source.select([ANSWERED], atMs - LOOKBACK_MS, atMs, { ...bounded, stepMs: LOOKBACK_MS }),
    source.select([STALLS], atMs - STALLS_MS, atMs, bounded),
  ]);
  const services = new Tallies();
  const flows = new Tallies<Pair>();
  const serviceOf = whoAnswers(answered);
  for (const series of called) {
    const rate = recentRate(series, atMs);
    if (rate === undefined) continue;
    const { labels } = series;
    const contract = labels.exported_service ?? '';
    count(flows.of(`${labels.service ?? ''}\n${serviceOf.get(contract) ?? contract}`), labels, rate);
  }
  for (const series of served) {
    const rate = recentRate(series, atMs);
    if (rate === undefined) continue;
    const { labels } = series;
    count(services.of(labels.service ?? ''), labels, rate);
    if (!labels.to) continue;
    if (isCount(labels) || labels.status !== UPGRADED)
      count(flows.of(`${labels.service ?? ''}\n${labels.to}`), labels, rate);
  }
  return {
    services: trafficOf(services),
    flows: flowsOf([...flows]),
    stalls: stallsIn(stalled, serviceOf, atMs),
  };
}

/** Requests per second of each of the last 30 minutes, by service. */
export async function trafficHistory(
  source: SeriesSource,
  atMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const toMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  const span = { fromMs: toMs - (HISTORY_MINUTES - 1) * MINUTE_MS, toMs, stepMs: MINUTE_MS };
  const { series } = await queryRange(bySteps(source, MINUTE_MS), HISTORY, span, {
    signal,
    timeoutMs: TIMEOUT_MS,
  });
  return new Map(
    series.map(({ labels, points }) => {
      const minutes = Array.from({ length: HISTORY_MINUTES }, () => 0);
      for (const [ms, value] of points)
        minutes[(ms - span.fromMs) / MINUTE_MS] = Number.isFinite(value) ? value : 0;
      return [labels.service ?? '', minutes];
    }),
  );
}

function count(tally: Tally, labels: Labels, rate: number): void {
  if (!isCount(labels)) {
    const bound = boundOf(labels.le);
    if (!Number.isNaN(bound)) tally.buckets.set(bound, (tally.buckets.get(bound) ?? 0) + rate);
    return;
  }
  tally.requestsPerSecond += rate;
  if (isFault(labels)) tally.failuresPerSecond += rate;
}

function isCount({ __name__: name = '' }: Labels): boolean {
  return name.endsWith(COUNT);
}

function isFault({ __name__: name = '', outcome = '', status = '' }: Labels): boolean {
  return name.startsWith(HTTP) ? /^5..$/.test(status) : IS_FAULT.has(outcome);
}

/** Services by the contracts that they answer. */
function whoAnswers(answered: readonly SampleSeries[]): ReadonlyMap<string, string> {
  return new Map(answered.map(({ labels }) => [labels.exported_service ?? '', labels.service ?? '']));
}

function trafficOf(services: Tallies): ReadonlyMap<string, ServiceTraffic> {
  return new Map(
    [...services].map(([name, tally]) => {
      const { requestsPerSecond } = tally;
      const times = { p50Ms: quantileMs(tally, 0.5), p95Ms: quantileMs(tally, 0.95) };
      return [name, { requestsPerSecond, errorShare: failingShare(tally), ...times }];
    }),
  );
}

function flowsOf(pairs: readonly (readonly [Pair, Tally])[]): Flow[] {
  return pairs
    .filter(([, { requestsPerSecond }]) => requestsPerSecond > 0)
    .map(([pair, tally]) => {
      const [from = '', to = ''] = pair.split('\n');
      const { requestsPerSecond } = tally;
      return { from, to, requestsPerSecond, errorShare: failingShare(tally), p95Ms: quantileMs(tally, 0.95) };
    });
}
