/** Rate, errors and durations of a service in PromQL. Calls of procedures and plain HTTP routes count together; what a route calls of its own
 * service is in its request. */
import { quoted } from '../parts/prometheus.ts';

const RPC = 'rpc_server_call_duration_seconds';
const HTTP = 'http_server_request_duration_seconds';
const LEAST_WINDOW_MS = 60_000;
/** Steps in one window: fewer would skip what is between. */
const STEPS_PER_WINDOW = 2;

export interface RedQueries {
  readonly rate: string;
  /** By the code of a call, or the status of a request. */
  readonly errors: string;
  readonly p50: string;
  readonly p95: string;
  readonly p99: string;
}

export function redQueries(service: string, stepMs: number): RedQueries {
  const of = `service=${quoted(service)}`;
  const ofAll = `${of},caller!="route"`;
  const window = windowOf(stepMs);
  const quantile = (q: number): string =>
    `histogram_quantile(${q}, sum by (le) (rate({__name__=~"(${RPC}|${HTTP})_bucket",${ofAll}}[${window}])))`;
  return {
    rate: `sum(rate({__name__=~"(${RPC}|${HTTP})_count",${ofAll}}[${window}]))`,
    errors:
      `sum by (outcome) (rate(${RPC}_count{${ofAll},outcome!="ok"}[${window}])) > 0` +
      ` or sum by (status) (rate(${HTTP}_count{${of},status=~"5.."}[${window}])) > 0`,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
  };
}

/** What each procedure does now: over as little time as the other numbers of a service, so that they agree while something changes. */
export function procedureQueries(service: string): { rate: string; failed: string; p95: string } {
  const of = `service=${quoted(service)}`;
  const window = windowOf(0);
  return {
    rate: `sum by (procedure) (rate(${RPC}_count{${of}}[${window}]))`,
    failed: `sum by (procedure) (rate(${RPC}_count{${of},outcome!="ok"}[${window}]))`,
    p95: `histogram_quantile(0.95, sum by (procedure, le) (rate(${RPC}_bucket{${of}}[${window}])))`,
  };
}

function windowOf(stepMs: number): string {
  return `${Math.max(LEAST_WINDOW_MS, STEPS_PER_WINDOW * stepMs) / 1_000}s`;
}
