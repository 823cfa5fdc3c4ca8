/** What an instance has answered since it started, as it reports it to its supervisor. */
import { errorEntry, type Metrics, mergeHistograms } from '@goblin/core';
import type { CallTotals } from '@goblin/deploy/instance';

/** By procedures, and by plain HTTP. What a plain route calls of its own service is in the request of the route. */
export function callTotals(metrics: Metrics): CallTotals[] {
  return [
    totals(
      metrics,
      'rpc_server_call_duration_seconds',
      'outcome',
      (outcome) => outcome !== 'ok' && errorEntry(outcome).status >= 500,
    ),
    totals(metrics, 'http_server_request_duration_seconds', 'status', (status) => Number(status) >= 500),
  ];
}

function totals(
  metrics: Metrics,
  name: string,
  label: string,
  isError: (value: string) => boolean,
): CallTotals {
  const [metric] = metrics.snapshot([name]).metrics;
  const at = metric?.labels.indexOf(label) ?? -1;
  const callerAt = metric?.labels.indexOf('caller') ?? -1;
  const series = metric?.series.filter(({ labels }) => labels[callerAt] !== 'route') ?? [];
  const failed = series.filter(({ labels }) => isError(labels[at] ?? ''));
  return {
    durations: mergeHistograms(series.flatMap(({ histogram }) => histogram ?? [])),
    errors: failed.reduce((sum, { histogram }) => sum + (histogram?.count ?? 0), 0),
  };
}
