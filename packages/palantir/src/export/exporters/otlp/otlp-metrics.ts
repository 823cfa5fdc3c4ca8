/** Series as metrics of OTLP. Types are not kept, so names say them, as they do in Prometheus: `_total` is a cumulative sum; `_bucket` with
 * `_sum` and `_count` at the same time are points of a histogram; everything else is a gauge. Names stay as they are, without units.
 * The labels `service` and `instance` become the resource. A mark of an end is a point without a value. Exemplars are those of their
 * point. */
import type { Labels } from '../../../model.ts';
import { isStale } from '../../../sample-rules.ts';
import type { ExemplarPoint } from '../../../store/metrics/exemplar-select.ts';
import { type ExportedSeries, exemplarsOf } from '../../portion.ts';
import type { ProtobufWriter } from '../../protobuf-writer.ts';
import { type HistogramPoint, histogramsOf } from './histograms.ts';
import { ITEMS, nanoseconds, writeAttribute, writeAttributes, writeResource } from './otlp-values.ts';

const [METRIC_NAME, GAUGE, SUM, HISTOGRAM] = [1, 5, 7, 9];
const [POINTS, TEMPORALITY, IS_MONOTONIC] = [1, 2, 3];
const CUMULATIVE = 2;
const [TIME, AS_DOUBLE, ATTRIBUTES, FLAGS] = [3, 4, 7, 8];
const NO_RECORDED_VALUE = 1;
const [COUNT, HISTOGRAM_SUM, COUNTS, BOUNDS, HISTOGRAM_ATTRIBUTES] = [4, 5, 6, 7, 9];
const [NUMBER_EXEMPLARS, HISTOGRAM_EXEMPLARS] = [5, 8];
const [EXEMPLAR_TIME, EXEMPLAR_VALUE, SPAN_ID, TRACE_ID, EXEMPLAR_ATTRIBUTES] = [2, 3, 4, 5, 7];
/** As OpenMetrics' exemplars name them. */
const [TRACE_LABEL, SPAN_LABEL] = ['trace_id', 'span_id'];
const TRACE_FORM = /^[0-9a-f]{32}$/i;
const SPAN_FORM = /^[0-9a-f]{16}$/i;
const NAME = '__name__';
const PART = /_(?:bucket|sum|count)$/;
/** They are the resource's, or the metric itself. */
const NOT_ATTRIBUTES: ReadonlySet<string> = new Set([NAME, 'service', 'instance']);

/** The same for all series of one histogram. */
export function familyKey(labels: Labels): string {
  let key = labels[NAME]!.replace(PART, '');
  for (const name in labels) if (name !== NAME && name !== 'le') key += `\n${name}\n${labels[name]}`;
  return key;
}

export function writeMetrics(writer: ProtobufWriter, all: readonly ExportedSeries[]): void {
  const byResource = Map.groupBy(all, ({ labels }) => `${labels.service ?? ''}\n${labels.instance ?? ''}`);
  for (const own of byResource.values()) {
    const { service, instance } = own[0]!.labels;
    const resource = {
      ...(service !== undefined && { 'service.name': service }),
      ...(instance !== undefined && { 'service.instance.id': instance }),
    };
    writeResource(writer, resource, () => {
      const { histograms, others } = histogramsOf(own);
      for (const [name, points] of histograms) writeHistogram(writer, name, points);
      for (const [name, series] of Map.groupBy(others, ({ labels }) => labels[NAME]!))
        writeNumbers(writer, name, series);
    });
  }
}

function writeNumbers(writer: ProtobufWriter, name: string, all: readonly ExportedSeries[]): void {
  const isCounter = name.endsWith('_total');
  writer.message(ITEMS, () => {
    writer.text(METRIC_NAME, name);
    writer.message(isCounter ? SUM : GAUGE, () => {
      for (const series of all) {
        const { labels, times, values } = series;
        for (let i = 0; i < times.length; i += 1)
          writer.message(POINTS, () => {
            writer.fixed64(TIME, nanoseconds(times[i]!));
            if (isStale(values, i)) writer.int(FLAGS, NO_RECORDED_VALUE);
            else writer.double(AS_DOUBLE, values[i]!);
            writeExemplars(writer, NUMBER_EXEMPLARS, exemplarsOf(series, i, i + 1));
            writeLabels(writer, ATTRIBUTES, labels);
          });
      }
      if (!isCounter) return;
      writer.int(TEMPORALITY, CUMULATIVE);
      writer.int(IS_MONOTONIC, 1);
    });
  });
}

function writeHistogram(writer: ProtobufWriter, name: string, points: readonly HistogramPoint[]): void {
  writer.message(ITEMS, () => {
    writer.text(METRIC_NAME, name);
    writer.message(HISTOGRAM, () => {
      for (const { labels, atMs, count, sum, counts, bounds, exemplars } of points)
        writer.message(POINTS, () => {
          writer.fixed64(TIME, nanoseconds(atMs));
          writer.fixed64(COUNT, BigInt(count));
          if (sum !== undefined) writer.double(HISTOGRAM_SUM, sum);
          writer.packedFixed64(COUNTS, counts);
          writer.packedDouble(BOUNDS, bounds);
          writeExemplars(writer, HISTOGRAM_EXEMPLARS, exemplars);
          const { le: _, ...own } = labels;
          writeLabels(writer, HISTOGRAM_ATTRIBUTES, own);
        });
      writer.int(TEMPORALITY, CUMULATIVE);
    });
  });
}

function writeExemplars(writer: ProtobufWriter, field: number, exemplars: readonly ExemplarPoint[]): void {
  for (const { atMs, value, labels } of exemplars)
    writer.message(field, () => {
      const { [TRACE_LABEL]: traceId = '', [SPAN_LABEL]: spanId = '', ...others } = labels;
      writer.fixed64(EXEMPLAR_TIME, nanoseconds(atMs));
      writer.double(EXEMPLAR_VALUE, value);
      if (SPAN_FORM.test(spanId)) writer.hex(SPAN_ID, spanId);
      if (TRACE_FORM.test(traceId)) writer.hex(TRACE_ID, traceId);
      writeAttributes(writer, EXEMPLAR_ATTRIBUTES, others);
    });
}

function writeLabels(writer: ProtobufWriter, field: number, labels: Labels): void {
  for (const name in labels)
    if (!NOT_ATTRIBUTES.has(name)) writeAttribute(writer, field, name, labels[name]!);
}
