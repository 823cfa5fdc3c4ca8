/** Prometheus' remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/): Prometheus itself, VictoriaMetrics, Mimir,
 * Thanos and others. Names and labels go out as they are kept, marks of an end and exemplars too. */

import type { Labels } from '../../model.ts';
import { isStale, STALE_NAN_BYTES } from '../../sample-rules.ts';
import { canonicalLabels } from '../../store/metrics/labels.ts';
import type { Exporter } from '../exporter.ts';
import { outcomeOf, type ReceiverTools, receiver } from '../http/receiver.ts';
import type { ExportedSeries } from '../portion.ts';
import { ProtobufWriter } from '../protobuf-writer.ts';
import { selectionsOf } from '../selections.ts';
import type { RemoteWriteSettings } from '../settings.ts';
import { packSnappy } from '../snappy.ts';

/** Numbers of the fields of WriteRequest, TimeSeries, Label, Sample and Exemplar. */
const TIMESERIES = 1;
const [LABELS, SAMPLES, EXEMPLARS] = [1, 2, 3];
const [NAME, TEXT] = [1, 2];
const [VALUE, TIMESTAMP] = [1, 2];
const [EXEMPLAR_LABELS, EXEMPLAR_VALUE, EXEMPLAR_TIMESTAMP] = [1, 2, 3];

export function remoteWriteExporter(settings: RemoteWriteSettings, tools: ReceiverTools): Exporter {
  const to = receiver(settings, 'Bearer', tools);
  const writer = new ProtobufWriter();
  const headers = {
    ...settings.headers,
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
  };
  return {
    signals: ['metrics'],
    selections: selectionsOf(settings.match),
    takesExemplars: true,
    async send(portion, signal) {
      if (portion.signal !== 'metrics') return { kind: 'refused', reason: 'remote write is for metrics' };
      const body = packSnappy(encodeWriteRequest(portion.series, writer));
      return outcomeOf(await to.ask({ url: settings.url, headers, body }, signal));
    },
  };
}

/** Labels are kept in the order that is asked for. */
export function encodeWriteRequest(all: readonly ExportedSeries[], writer: ProtobufWriter): Buffer {
  writer.reset();
  const writeLabels = (field: number, labels: Labels): void => {
    for (const name in labels)
      writer.message(field, () => {
        writer.text(NAME, name);
        writer.text(TEXT, labels[name]!);
      });
  };
  for (const { labels, times, values, exemplars = [] } of all)
    writer.message(TIMESERIES, () => {
      writeLabels(LABELS, labels);
      for (let i = 0; i < times.length; i += 1)
        writer.message(SAMPLES, () => {
          if (isStale(values, i)) writer.raw64(VALUE, STALE_NAN_BYTES);
          else writer.double(VALUE, values[i]!);
          writer.int(TIMESTAMP, times[i]!);
        });
      for (const { labels: own, value, atMs } of exemplars)
        writer.message(EXEMPLARS, () => {
          writeLabels(EXEMPLAR_LABELS, canonicalLabels(own));
          writer.double(EXEMPLAR_VALUE, value);
          writer.int(EXEMPLAR_TIMESTAMP, Math.round(atMs));
        });
    });
  return writer.done();
}
