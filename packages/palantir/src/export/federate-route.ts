/** `GET /federate?match[]=…`: the last value of each series that one of the selectors matches, for a Prometheus or another scraper that
 * takes them over (https://prometheus.io/docs/prometheus/latest/federation/). With their times; series without a value within the
 * last five minutes, or that have ended, are not there. Types are not kept: all are `untyped`.
 * At most MAX_SERIES series: ask with a narrower selector for more. */
import { type Clock, EXPOSITION_TYPES, expositionFormat, GoblinError, type Route } from '@goblin/core';
import type { Labels } from '../model.ts';
import { formatFloat } from '../query/promql/aggregations.ts';
import { parseSelector } from '../query/promql/parser.ts';
import { isStale } from '../sample-rules.ts';
import { keyOf } from '../store/metrics/labels.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';

const LOOK_BACK_MS = 300_000;
const MAX_SERIES = 50_000;
const MAX_SELECTORS = 100;
const NAME = '__name__';

interface Last {
  readonly labels: Labels;
  readonly atMs: number;
  readonly value: number;
}

export function federateRoute(
  store: Pick<TelemetryStore, 'select'>,
  clock: Clock,
): Readonly<Record<string, Route<unknown>>> {
  return {
    async 'GET /federate'(request) {
      const selectors = new URL(request.url).searchParams.getAll('match[]');
      if (selectors.length === 0 || selectors.length > MAX_SELECTORS)
        throw new GoblinError('INVALID_INPUT', {
          message: `match[] is needed, 1 to ${MAX_SELECTORS} times: a selector such as {service="tax"}`,
        });
      const nowMs = clock.wall();
      const found = new Map<string, Last>();
      for (const selector of selectors) {
        const { matchers } = parseSelector(selector);
        const series = await store.select(matchers, nowMs - LOOK_BACK_MS, nowMs, { signal: request.signal });
        for (const { labels, times, values } of series)
          if (times.length > 0 && !isStale(values, times.length - 1))
            found.set(keyOf(labels), { labels, atMs: times.at(-1)!, value: values.at(-1)! });
        if (found.size > MAX_SERIES)
          throw new GoblinError('RESOURCE_EXHAUSTED', {
            message: `match[] takes more than ${MAX_SERIES} series: write a narrower selector`,
          });
      }
      const format = expositionFormat(request.headers.get('accept'));
      const headers = { 'content-type': EXPOSITION_TYPES[format], 'cache-control': 'no-store' };
      return new Response(textOf([...found.values()], format === 'openmetrics'), { headers });
    },
  };
}

/** Series of one name have to follow one another. */
function textOf(all: readonly Last[], isOpen: boolean): string {
  let text = '';
  for (const [name, series] of [...Map.groupBy(all, ({ labels }) => labels[NAME]!)].sort(byName)) {
    text += `# TYPE ${name} ${isOpen ? 'unknown' : 'untyped'}\n`;
    for (const { labels, atMs, value } of series)
      text += `${name}${labelsText(labels)} ${formatFloat(value)} ${isOpen ? atMs / 1_000 : atMs}\n`;
  }
  return isOpen ? `${text}# EOF\n` : text;
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels)
    .filter(([name]) => name !== NAME)
    .map(
      ([name, value]) =>
        `${name}="${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`,
    );
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}
