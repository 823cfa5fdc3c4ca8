/** The text that scrapers read: OpenMetrics 1.0 (https://github.com/prometheus/OpenMetrics, with units and exemplars)
 * and the older Prometheus text format 0.0.4. Numbers are written alike in both, so that a scraper that changes
 * the format sees the same series. */
import { HistogramSeries } from './histogram-series.ts';
import type { Exemplar, Instrument } from './metrics.ts';
import type { Collected } from './metrics-registry.ts';

export type ExpositionFormat = 'openmetrics' | 'prometheus';

/** The Content-Type to send each format with. */
export const EXPOSITION_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
};

/** The format that a scraper's Accept header asks for. */
export function expositionFormat(accept: string | null | undefined): ExpositionFormat {
  return accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'prometheus';
}

export function exposition(metrics: readonly Collected[], format: ExpositionFormat): string {
  const lines: string[] = [];
  for (const metric of metrics) family(metric, format, lines);
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function family({ instrument, series }: Collected, format: ExpositionFormat, lines: string[]): void {
  const { name, kind, unit, help } = instrument;
  const isOpen = format === 'openmetrics';
  const base = isOpen && kind === 'counter' ? name.slice(0, -'_total'.length) : name;
  lines.push(`# TYPE ${base} ${kind}`);
  if (isOpen && unit) lines.push(`# UNIT ${base} ${unit}`);
  lines.push(
    `# HELP ${base} ${isOpen ? escaped(help) : help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
  );
  for (const { labels, series: one } of series) {
    const pairs = labelPairs(instrument, labels);
    if (one instanceof HistogramSeries) histogram(name, pairs, one, isOpen, lines);
    else lines.push(`${name}${braced(pairs)} ${number(one.value)}`);
  }
}

function histogram(
  name: string,
  pairs: string,
  series: HistogramSeries,
  isOpen: boolean,
  lines: string[],
): void {
  const exemplars = isOpen ? series.takeExemplars() : [];
  const comma = pairs ? ',' : '';
  let cumulated = 0;
  series.classicCounts().forEach((count, group) => {
    cumulated += count;
    const bound = series.bounds[group];
    const le = bound === undefined ? '+Inf' : canonical(bound);
    lines.push(`${name}_bucket{${pairs}${comma}le="${le}"} ${cumulated}${exemplarText(exemplars[group])}`);
  });
  lines.push(
    `${name}_sum${braced(pairs)} ${number(series.values.sum)}`,
    `${name}_count${braced(pairs)} ${cumulated}`,
  );
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (!exemplar) return '';
  const { traceId, spanId, value, wallMs } = exemplar;
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${number(value)} ${(wallMs / 1_000).toFixed(3)}`;
}

function labelPairs({ labels }: Instrument, values: readonly string[]): string {
  return labels.map((label, i) => `${label}="${escaped(values[i]!)}"`).join(',');
}

function braced(pairs: string): string {
  return pairs && `{${pairs}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"').toWellFormed();
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** OpenMetrics wants the point in `le="1.0"`. */
function canonical(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}
