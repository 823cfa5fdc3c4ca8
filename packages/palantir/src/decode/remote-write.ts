/** Prometheus remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/): protobuf in a Snappy block. Names and labels
 * are Prometheus' own already. Metadata is passed over; native histograms are refused. */
import { GoblinError } from '@goblin/core';
import type { Labels } from '../model.ts';
import { BatchBuilder, requestBytes } from './batch-builder.ts';
import type { Decoder } from './decoder.ts';
import { labelName, type MutableLabels, metricName, nameFault, putLabel, TOO_MANY_LABELS } from './labels.ts';
import { MAX_EXEMPLARS, MAX_LABELS } from './limits.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { unpackSnappy } from './snappy.ts';

const NATIVE = 'native histograms are not taken: send classic ones';
const DAMAGED_SERIES = 'a series is damaged';
const STALE_BITS = 0x7ff0_0000_0000_0002n;

interface WireSeries {
  labels: MutableLabels;
  /** Why the labels cannot be kept. */
  fault: string | undefined;
  bits: bigint[];
  times: number[];
  histograms: number;
  exemplars: WireExemplar[];
}

interface WireExemplar {
  labels: MutableLabels;
  value: number;
  atMs: number;
}

const scratch = new DataView(new ArrayBuffer(8));

export const fromRemoteWrite: Decoder = (bytes, receivedAtMs) => {
  const builder = new BatchBuilder(receivedAtMs);
  const reader = new ProtobufReader(unpackSnappy(requestBytes(bytes)));
  while (reader.next()) {
    if (reader.field !== 1) reader.skip();
    else {
      const outer = reader.enter();
      const series = readSeries(reader);
      const isBroken = reader.fault !== undefined;
      const fault = reader.leaveAlone(outer);
      if (fault !== undefined) builder.refuse(DAMAGED_SERIES, fault);
      if (!isBroken) addSeries(builder, series);
    }
  }
  if (reader.fault !== undefined)
    throw new GoblinError('INVALID_INPUT', { message: `this is no whole remote write: ${reader.fault}` });
  return builder.batch();
};

function readSeries(reader: ProtobufReader): WireSeries {
  const series: WireSeries = {
    labels: {},
    fault: undefined,
    bits: [],
    times: [],
    histograms: 0,
    exemplars: [],
  };
  let labels = 0;
  while (reader.next()) {
    if (reader.field === 1) {
      labels += 1;
      if (labels > MAX_LABELS + 1) series.fault ??= TOO_MANY_LABELS;
      const { name, value } = readLabel(reader);
      if (name === '__name__') series.labels.__name__ = metricName(value);
      else series.fault ??= putLabel(series.labels, labelName(name), value);
    } else if (reader.field === 2) readSample(reader, series);
    else if (reader.field === 3 && series.exemplars.length < MAX_EXEMPLARS)
      series.exemplars.push(readExemplar(reader));
    else {
      if (reader.field === 4) series.histograms += 1;
      reader.skip();
    }
  }
  return series;
}

function readLabel(reader: ProtobufReader): { name: string; value: string } {
  let name = '';
  let value = '';
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) value = reader.text();
    else reader.skip();
  }
  reader.leave(outer);
  return { name, value };
}

function readExemplar(reader: ProtobufReader): WireExemplar {
  const exemplar: WireExemplar = { labels: {}, value: 0, atMs: 0 };
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) {
      const { name, value } = readLabel(reader);
      exemplar.labels[labelName(name)] = value;
    } else if (reader.field === 2) exemplar.value = reader.double();
    else if (reader.field === 3) exemplar.atMs = reader.int();
    else reader.skip();
  }
  reader.leave(outer);
  return exemplar;
}

function readSample(reader: ProtobufReader, { bits, times }: WireSeries): void {
  let value = 0n;
  let atMs = 0;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) value = reader.fixed64();
    else if (reader.field === 2) atMs = reader.int();
    else reader.skip();
  }
  reader.leave(outer);
  bits.push(value);
  times.push(atMs);
}

function addSeries(builder: BatchBuilder, wire: WireSeries): void {
  const { labels, fault, bits, times, histograms, exemplars } = wire;
  const name = labels.__name__ ?? '';
  if (histograms > 0) builder.refuse(NATIVE, name, histograms);
  const why = fault ?? nameFault(name);
  if (why !== undefined) return builder.refuse(why, name, Math.max(1, bits.length));
  const series: Labels = labels;
  for (const [i, one] of bits.entries()) {
    scratch.setBigUint64(0, one);
    const value = scratch.getFloat64(0);
    if (one === STALE_BITS) builder.addStale(series, times[i]!);
    else builder.addSample(series, times[i]!, value);
  }
  for (const { labels: own, value, atMs } of exemplars) builder.addExemplar(series, atMs, value, own);
}
