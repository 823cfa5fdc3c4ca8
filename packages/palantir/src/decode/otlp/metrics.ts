/** A metric of OTLP as the series of floats that the model has: gauges and sums as they are, histograms as `_bucket`, `_sum` and
 * `_count`, exponential ones on fixed bounds (classic-bounds.ts), summaries as quantiles. Only cumulative sums and histograms are
 * taken: what a delta adds to is lost with this process, and the sender can be told to send totals. A point that says that no
 * value was recorded is none, and nothing is wrong with it. */
import type { Labels } from '../../model.ts';
import type { BatchBuilder } from '../batch-builder.ts';
import { classicBounds } from '../classic-bounds.ts';
import {
  labelName,
  type MutableLabels,
  nameFault,
  putLabel,
  putTarget,
  sibling,
  TOO_MANY_LABELS,
} from '../labels.ts';
import { MAX_BUCKETS, MAX_LABELS } from '../limits.ts';
import { textOf } from './any-value.ts';
import { classicCounts } from './exponential-buckets.ts';
import { isSpanId, isTraceId } from './ids.ts';
import { type NamedKind, prometheusName } from './metric-name.ts';
import type { Resource } from './resource.ts';
import type { WireMetric, WirePoint } from './wire.ts';

export const DELTA =
  'delta temporality is not taken: set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative at the sender';
const NO_TEMPORALITY = 'a sum or histogram does not say that it is cumulative';
const NO_KIND = 'a metric has no points of a known kind';
const NO_VALUE = 'a point has no value';
const BAD_BUCKETS = 'the bounds of a histogram do not rise, or do not fit its counts';
const TOO_MANY_BUCKETS = `a histogram or summary has more than ${MAX_BUCKETS} buckets`;
const BAD_SCALE = 'the scale of an exponential histogram is not between -10 and 20';
const CUMULATIVE = 2;
const DELTA_TEMPORALITY = 1;
const NO_RECORDED_VALUE = 1;
const MIN_SCALE = -10;
const MAX_SCALE = 20;

export function addMetric(builder: BatchBuilder, resource: Resource, metric: WireMetric): void {
  const { kind, points, temporality } = metric;
  if (kind === undefined) return builder.refuse(NO_KIND, metric.name);
  if (kind !== 'gauge' && kind !== 'summary' && temporality !== CUMULATIVE)
    return builder.refuse(
      temporality === DELTA_TEMPORALITY ? DELTA : NO_TEMPORALITY,
      metric.name,
      points.length,
    );
  const name = prometheusName(metric.name, metric.unit, namedKind(metric));
  const fault = nameFault(name);
  if (fault !== undefined) return builder.refuse(fault, metric.name, Math.max(1, points.length));
  for (const point of points) {
    if (point.flags % 2 === NO_RECORDED_VALUE) continue;
    const labels = labelsOf(builder, resource, name, point);
    if (labels) addPoint(builder, metric, labels, point);
  }
}

function namedKind({ kind, isMonotonic }: WireMetric): NamedKind {
  if (kind === 'sum') return isMonotonic ? 'counter' : '';
  return kind === 'gauge' ? 'gauge' : '';
}

function labelsOf(
  builder: BatchBuilder,
  resource: Resource,
  name: string,
  { attributes }: WirePoint,
): Labels | undefined {
  const labels: MutableLabels = { __name__: name };
  let fault = attributes.length > MAX_LABELS ? TOO_MANY_LABELS : undefined;
  for (let i = 0; i < attributes.length && fault === undefined; i += 1) {
    const { key, value } = attributes[i]!;
    const label = labelName(key);
    const text = textOf(value);
    // Two attributes that become one label are both kept, as the rules say.
    fault = putLabel(labels, label, Object.hasOwn(labels, label) ? `${labels[label]};${text}` : text);
  }
  if (fault !== undefined) {
    builder.refuse(fault, name);
    return undefined;
  }
  putTarget(labels, resource.target);
  return labels;
}

function addPoint(builder: BatchBuilder, metric: WireMetric, labels: Labels, point: WirePoint): void {
  const atMs = point.atNs === 0 ? builder.receivedAtMs : Math.round(point.atNs / 1e6);
  if (metric.kind === 'gauge' || metric.kind === 'sum') {
    if (point.value === undefined) builder.refuse(NO_VALUE, labels.__name__);
    else builder.addSample(labels, atMs, point.value);
    addExemplars(builder, point, atMs, () => labels);
    return;
  }
  if (metric.kind === 'summary') return addSummary(builder, labels, atMs, point);
  if (metric.kind === 'histogram')
    return addHistogram(builder, labels, atMs, point, point.bounds, point.counts);
  if (!(point.scale >= MIN_SCALE && point.scale <= MAX_SCALE))
    return builder.refuse(BAD_SCALE, labels.__name__);
  const bounds = classicBounds(metric.unit);
  addHistogram(builder, labels, atMs, point, bounds, classicCounts(point, bounds));
}

function addHistogram(
  builder: BatchBuilder,
  labels: Labels,
  atMs: number,
  point: WirePoint,
  bounds: readonly number[],
  counts: readonly number[],
): void {
  const name = labels.__name__!;
  if (counts.length > MAX_BUCKETS) return builder.refuse(TOO_MANY_BUCKETS, name);
  if (!fits(bounds, counts)) return builder.refuse(BAD_BUCKETS, name);
  const bucket = `${name}_bucket`;
  const bucketOf = (value: number): Labels => {
    const bound = bounds.find((one) => value <= one);
    return sibling(labels, bucket, 'le', bound === undefined ? '+Inf' : String(bound));
  };
  let cumulated = 0;
  bounds.forEach((bound, i) => {
    cumulated += counts[i]!;
    builder.addSample(sibling(labels, bucket, 'le', String(bound)), atMs, cumulated);
  });
  builder.addSample(sibling(labels, bucket, 'le', '+Inf'), atMs, point.count);
  addExemplars(builder, point, atMs, bucketOf);
  addTotals(builder, labels, atMs, point);
}

/** One count more than bounds, or neither. */
function fits(bounds: readonly number[], counts: readonly number[]): boolean {
  if (counts.length === 0) return bounds.length === 0;
  if (counts.length !== bounds.length + 1) return false;
  return bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!));
}

function addSummary(builder: BatchBuilder, labels: Labels, atMs: number, point: WirePoint): void {
  const name = labels.__name__!;
  if (point.quantiles.length > MAX_BUCKETS) return builder.refuse(TOO_MANY_BUCKETS, name);
  for (const { quantile, value } of point.quantiles)
    builder.addSample(sibling(labels, name, 'quantile', String(quantile)), atMs, value);
  addTotals(builder, labels, atMs, point);
}

/** @param seriesOf the series that a measurement of this value belongs to */
function addExemplars(
  builder: BatchBuilder,
  { exemplars }: WirePoint,
  atMs: number,
  seriesOf: (value: number) => Labels,
): void {
  for (const { value, atNs, traceId, spanId, attributes } of exemplars ?? []) {
    const labels: MutableLabels = {};
    for (const { key, value: text } of attributes) labels[labelName(key)] = textOf(text);
    if (isTraceId(traceId)) labels.trace_id = traceId;
    if (isSpanId(spanId)) labels.span_id = spanId;
    builder.addExemplar(seriesOf(value), atNs === 0 ? atMs : Math.round(atNs / 1e6), value, labels);
  }
}

function addTotals(builder: BatchBuilder, labels: Labels, atMs: number, { sum, count }: WirePoint): void {
  const name = labels.__name__!;
  if (sum !== undefined) builder.addSample(sibling(labels, `${name}_sum`), atMs, sum);
  builder.addSample(sibling(labels, `${name}_count`), atMs, count);
}
