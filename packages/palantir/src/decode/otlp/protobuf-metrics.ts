/** Metrics of metrics.proto. A point that is damaged costs itself only. */
import type { BatchBuilder } from '../batch-builder.ts';
import { MAX_BUCKETS, MAX_EXEMPLARS } from '../limits.ts';
import type { ProtobufReader } from '../protobuf-reader.ts';
import { readKeyValue } from './protobuf-values.ts';
import {
  METRIC_KINDS,
  type MetricKind,
  type WireBuckets,
  type WireExemplar,
  type WireMetric,
  type WirePoint,
  wireExemplar,
  wireMetric,
  wirePoint,
} from './wire.ts';

const DAMAGED_POINT = 'a data point is damaged';
/** The number of the first kind's field; 8 was taken back. */
const KIND_OF_FIELD: Readonly<Record<number, MetricKind>> = {
  5: METRIC_KINDS[0],
  7: METRIC_KINDS[1],
  9: METRIC_KINDS[2],
  10: METRIC_KINDS[3],
  11: METRIC_KINDS[4],
};
const READERS: Readonly<Record<MetricKind, (reader: ProtobufReader, point: WirePoint) => void>> = {
  gauge: readNumber,
  sum: readNumber,
  histogram: readHistogram,
  exponentialHistogram: readExponential,
  summary: readSummary,
};
/** More buckets than an exponential histogram is made with (160). */
const MAX_EXPONENTIAL_BUCKETS = 4_096;

export function readMetric(builder: BatchBuilder, reader: ProtobufReader): WireMetric {
  const metric = wireMetric();
  while (reader.next()) {
    const kind = KIND_OF_FIELD[reader.field];
    if (kind !== undefined) readPoints(builder, reader, metric, kind);
    else if (reader.field === 1) metric.name = reader.text();
    else if (reader.field === 3) metric.unit = reader.text();
    else reader.skip();
  }
  return metric;
}

function readPoints(
  builder: BatchBuilder,
  reader: ProtobufReader,
  metric: WireMetric,
  kind: MetricKind,
): void {
  metric.kind = kind;
  const read = READERS[kind];
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) {
      const around = reader.enter();
      const point = wirePoint();
      read(reader, point);
      const isBroken = reader.fault !== undefined;
      const fault = reader.leaveAlone(around);
      if (fault !== undefined) builder.refuse(DAMAGED_POINT, fault);
      if (!isBroken) metric.points.push(point);
    } else if (reader.field === 2) metric.temporality = reader.varint();
    else if (reader.field === 3) metric.isMonotonic = reader.bool();
    else reader.skip();
  }
  reader.leave(outer);
}

function readNumber(reader: ProtobufReader, point: WirePoint): void {
  while (reader.next()) {
    if (reader.field === 7) point.attributes.push(readKeyValue(reader));
    else if (reader.field === 3) point.atNs = reader.fixed64Number();
    else if (reader.field === 4) point.value = reader.double();
    else if (reader.field === 6) point.value = reader.sfixed64();
    else if (reader.field === 5) addExemplar(reader, point);
    else if (reader.field === 8) point.flags = reader.varint();
    else reader.skip();
  }
}

function readHistogram(reader: ProtobufReader, point: WirePoint): void {
  const readCount = (): number => reader.fixed64Number();
  const readBound = (): number => reader.double();
  while (reader.next()) {
    if (reader.field === 9) point.attributes.push(readKeyValue(reader));
    else if (reader.field === 3) point.atNs = reader.fixed64Number();
    else if (reader.field === 4) point.count = reader.fixed64Number();
    else if (reader.field === 5) point.sum = reader.double();
    else if (reader.field === 6) reader.numbers(point.counts, 'fixed64', readCount, MAX_BUCKETS + 1);
    else if (reader.field === 7) reader.numbers(point.bounds, 'fixed64', readBound, MAX_BUCKETS + 1);
    else if (reader.field === 8) addExemplar(reader, point);
    else if (reader.field === 10) point.flags = reader.varint();
    else reader.skip();
  }
}

function readExponential(reader: ProtobufReader, point: WirePoint): void {
  while (reader.next()) {
    if (reader.field === 1) point.attributes.push(readKeyValue(reader));
    else if (reader.field === 3) point.atNs = reader.fixed64Number();
    else if (reader.field === 4) point.count = reader.fixed64Number();
    else if (reader.field === 5) point.sum = reader.double();
    else if (reader.field === 6) point.scale = reader.zigzag();
    else if (reader.field === 7) point.zeroCount = reader.fixed64Number();
    else if (reader.field === 8) point.positive = readBuckets(reader);
    else if (reader.field === 9) point.negative = readBuckets(reader);
    else if (reader.field === 11) addExemplar(reader, point);
    else if (reader.field === 10) point.flags = reader.varint();
    else reader.skip();
  }
}

function addExemplar(reader: ProtobufReader, point: WirePoint): void {
  point.exemplars ??= [];
  if (point.exemplars.length >= MAX_EXEMPLARS) reader.skip();
  else point.exemplars.push(readExemplar(reader));
}

function readExemplar(reader: ProtobufReader): WireExemplar {
  const exemplar = wireExemplar();
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 7) exemplar.attributes.push(readKeyValue(reader));
    else if (reader.field === 2) exemplar.atNs = reader.fixed64Number();
    else if (reader.field === 3) exemplar.value = reader.double();
    else if (reader.field === 6) exemplar.value = reader.sfixed64();
    else if (reader.field === 4) exemplar.spanId = reader.hex();
    else if (reader.field === 5) exemplar.traceId = reader.hex();
    else reader.skip();
  }
  reader.leave(outer);
  return exemplar;
}

function readBuckets(reader: ProtobufReader): WireBuckets {
  const buckets: WireBuckets = { offset: 0, counts: [] };
  const readCount = (): number => reader.varint();
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) buckets.offset = reader.zigzag();
    else if (reader.field === 2) reader.numbers(buckets.counts, 'varint', readCount, MAX_EXPONENTIAL_BUCKETS);
    else reader.skip();
  }
  reader.leave(outer);
  return buckets;
}

function readSummary(reader: ProtobufReader, point: WirePoint): void {
  while (reader.next()) {
    if (reader.field === 7) point.attributes.push(readKeyValue(reader));
    else if (reader.field === 3) point.atNs = reader.fixed64Number();
    else if (reader.field === 4) point.count = reader.fixed64Number();
    else if (reader.field === 5) point.sum = reader.double();
    else if (reader.field === 6) point.quantiles.push(readQuantile(reader));
    else if (reader.field === 8) point.flags = reader.varint();
    else reader.skip();
  }
}

function readQuantile(reader: ProtobufReader): { quantile: number; value: number } {
  const at = { quantile: 0, value: 0 };
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) at.quantile = reader.double();
    else if (reader.field === 2) at.value = reader.double();
    else reader.skip();
  }
  reader.leave(outer);
  return at;
}
