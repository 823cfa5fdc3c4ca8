/** How services do now, by their metrics: rates, failures and durations of what they answer, and who calls whom. Calls of procedures
 * and plain HTTP routes count together. */
import { errorRegistry } from '@goblin/core';
import { queryInstant, queryRange, type SeriesResult } from '../query/promql/engine.ts';
import type { SeriesSource } from '../query/promql/source.ts';
import type { Flow } from './wall-state.ts';

export interface ServiceTraffic {
  readonly requestsPerSecond: number;
  /** From 0 to 1. */
  readonly errorShare: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

const HISTORY_MINUTES = 30;
const TIMEOUT_MS = 5_000;
/** Outcomes that are the fault of who answers, and not of who asks. */
export const FAULTS: string = Object.entries(errorRegistry)
  .filter(([, { status }]) => status >= 500)
  .map(([code]) => code)
  .concat('other')
  .join('|');

/** Over the last 10 seconds, so that what breaks is seen at once; of what is told less often than each 5, over two minutes. */
const recent = (selector: string): string => `(rate(${selector}[10s]) or rate(${selector}[2m]))`;

const SERVED = 'rpc_server_call_duration_seconds|http_server_request_duration_seconds';
const RATE = `sum by (service) ${recent(`{__name__=~"(${SERVED})_count"}`)}`;
const FAILED = `sum by (service) (${recent(`rpc_server_call_duration_seconds_count{outcome=~"${FAULTS}"}`)} or ${recent('http_server_request_duration_seconds_count{status=~"5.."}')})`;
const HISTORY = `sum by (service) (rate({__name__=~"(${SERVED})_count"}[1m]))`;
const quantile = (q: number): string =>
  `histogram_quantile(${q}, sum by (service, le) ${recent(`{__name__=~"(${SERVED})_bucket"}`)}) * 1000`;

const CALLS = 'rpc_client_call_duration_seconds';
const EDGE = 'http_server_request_duration_seconds';
const BY_CALL = 'by (service, exported_service)';
const BY_ROUTE = 'by (service, to)';
/** Who answers which contract. */
const CONTRACTS = 'count by (service, exported_service) (rpc_server_call_duration_seconds_count)';

export async function trafficNow(
  source: SeriesSource,
  atMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ServiceTraffic>> {
  const ask = asker(source, atMs, signal);
  const [rate, failed, p50, p95] = await Promise.all(
    [RATE, FAILED, quantile(0.5), quantile(0.95)].map(async (query) => byLabel(await ask(query), 'service')),
  );
  const traffic = new Map<string, ServiceTraffic>();
  for (const [service, requestsPerSecond] of rate!) {
    traffic.set(service, {
      requestsPerSecond,
      errorShare: shareOf(failed!.get(service), requestsPerSecond),
      p50Ms: known(p50!.get(service)),
      p95Ms: known(p95!.get(service)),
    });
  }
  return traffic;
}

/** Requests per second of each of the last 30 minutes, by service. */
export async function trafficHistory(
  source: SeriesSource,
  atMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const toMs = Math.floor(atMs / 60_000) * 60_000;
  const span = { fromMs: toMs - (HISTORY_MINUTES - 1) * 60_000, toMs, stepMs: 60_000 };
  const { series } = await queryRange(source, HISTORY, span, { signal, timeoutMs: TIMEOUT_MS });
  return new Map(
    series.map(({ labels, points }) => {
      const minutes = Array.from({ length: HISTORY_MINUTES }, () => 0);
      for (const [ms, value] of points) minutes[(ms - span.fromMs) / 60_000] = known(value);
      return [labels.service ?? '', minutes];
    }),
  );
}

export async function flowsNow(
  source: SeriesSource,
  atMs: number,
  signal: AbortSignal,
): Promise<readonly Flow[]> {
  const ask = asker(source, atMs, signal);
  const [contracts, calls, failedCalls, slowCalls, routed, failedRouted, slowRouted] = await Promise.all([
    ask(CONTRACTS),
    ask(`sum ${BY_CALL} ${recent(`${CALLS}_count`)}`),
    ask(`sum ${BY_CALL} ${recent(`${CALLS}_count{outcome=~"${FAULTS}"}`)}`),
    ask(
      `histogram_quantile(0.95, sum by (service, exported_service, le) ${recent(`${CALLS}_bucket`)}) * 1000`,
    ),
    ask(`sum ${BY_ROUTE} ${recent(`${EDGE}_count{to!=""}`)}`),
    ask(`sum ${BY_ROUTE} ${recent(`${EDGE}_count{to!="",status=~"5.."}`)}`),
    ask(
      `histogram_quantile(0.95, sum by (service, to, le) ${recent(`${EDGE}_bucket{to!="",status!="101"}`)}) * 1000`,
    ),
  ]);
  const serviceOf = byContract(contracts);
  const edges = new Map<string, Flow>();
  const add = (from: string, to: string, rate: number, failed: number, p95Ms: number): void => {
    if (rate === 0) return;
    edges.set(`${from} ${to}`, {
      from,
      to,
      requestsPerSecond: rate,
      errorShare: shareOf(failed, rate),
      p95Ms: known(p95Ms),
    });
  };
  for (const [rates, failures, times, label] of [
    [calls, failedCalls, slowCalls, 'exported_service'],
    [routed, failedRouted, slowRouted, 'to'],
  ] as const) {
    const pair = ({ labels }: SeriesResult): string => `${labels.service} ${labels[label]}`;
    const failedOf = new Map(failures.map((series) => [pair(series), lastOf(series)]));
    const timeOf = new Map(times.map((series) => [pair(series), lastOf(series)]));
    for (const series of rates) {
      const target = series.labels[label] ?? '';
      add(
        series.labels.service ?? '',
        serviceOf.get(target) ?? target,
        lastOf(series),
        failedOf.get(pair(series)) ?? 0,
        timeOf.get(pair(series)) ?? 0,
      );
    }
  }
  return [...edges.values()];
}

function asker(
  source: SeriesSource,
  atMs: number,
  signal: AbortSignal,
): (query: string) => Promise<readonly SeriesResult[]> {
  return async (query) => (await queryInstant(source, query, atMs, { signal, timeoutMs: TIMEOUT_MS })).series;
}

function byLabel(series: readonly SeriesResult[], label: string): Map<string, number> {
  return new Map(series.map((one) => [one.labels[label] ?? '', lastOf(one)]));
}

function byContract(series: readonly SeriesResult[]): Map<string, string> {
  return new Map(series.map(({ labels }) => [labels.exported_service ?? '', labels.service ?? '']));
}

function lastOf({ points }: SeriesResult): number {
  return points.at(-1)?.[1] ?? 0;
}

function shareOf(failed: number | undefined, all: number): number {
  return all > 0 ? Math.min(1, (failed ?? 0) / all) : 0;
}

/** Quantiles of nothing are NaN. */
function known(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}
