/** Metrics of OTLP's JSON. */
import { MAX_BUCKETS, MAX_EXEMPLARS } from '../limits.ts';
import {
  idOf,
  isObject,
  type Json,
  keyValuesOf,
  listOf,
  numberOf,
  numbersOf,
  objectOf,
  optionalNumber,
  stringOf,
} from './json-values.ts';
import {
  METRIC_KINDS,
  type WireBuckets,
  type WireExemplar,
  type WireMetric,
  type WirePoint,
} from './wire.ts';

const MAX_EXPONENTIAL_BUCKETS = 4_096;

export function metricOf(json: Json): WireMetric {
  const kind = METRIC_KINDS.find((name) => isObject(json[name]));
  const data = kind === undefined ? {} : objectOf(json[kind]);
  return {
    name: stringOf(json.name),
    unit: stringOf(json.unit),
    kind,
    isMonotonic: data.isMonotonic === true,
    temporality: numberOf(data.aggregationTemporality),
    points: listOf(data.dataPoints).filter(isObject).map(pointOf),
  };
}

function pointOf(json: Json): WirePoint {
  return {
    attributes: keyValuesOf(json.attributes),
    atNs: numberOf(json.timeUnixNano),
    flags: numberOf(json.flags),
    value: optionalNumber(json.asDouble) ?? optionalNumber(json.asInt),
    count: numberOf(json.count),
    sum: optionalNumber(json.sum),
    bounds: numbersOf(json.explicitBounds, MAX_BUCKETS + 1),
    counts: numbersOf(json.bucketCounts, MAX_BUCKETS + 1),
    scale: numberOf(json.scale),
    zeroCount: numberOf(json.zeroCount),
    positive: bucketsOf(json.positive),
    negative: bucketsOf(json.negative),
    quantiles: listOf(json.quantileValues)
      .filter(isObject)
      .map(({ quantile, value }) => ({ quantile: numberOf(quantile), value: numberOf(value) })),
    exemplars: exemplarsOf(json.exemplars),
  };
}

function exemplarsOf(value: unknown): WireExemplar[] | undefined {
  const exemplars = listOf(value).slice(0, MAX_EXEMPLARS).filter(isObject);
  if (exemplars.length === 0) return undefined;
  return exemplars.map((json) => ({
    atNs: numberOf(json.timeUnixNano),
    value: optionalNumber(json.asDouble) ?? optionalNumber(json.asInt) ?? Number.NaN,
    traceId: idOf(json.traceId),
    spanId: idOf(json.spanId),
    attributes: keyValuesOf(json.filteredAttributes),
  }));
}

function bucketsOf(value: unknown): WireBuckets {
  const { offset, bucketCounts } = objectOf(value);
  return { offset: numberOf(offset), counts: numbersOf(bucketCounts, MAX_EXPONENTIAL_BUCKETS) };
}
