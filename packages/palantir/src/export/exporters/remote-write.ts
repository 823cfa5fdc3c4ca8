/** Prometheus' remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/): Prometheus itself, VictoriaMetrics, Mimir,
 * Thanos and others. Names and labels go out as they are kept, marks of an end too. */

import { isStale, STALE_NAN_BYTES } from '../../sample-rules.ts';
import type { SelectedSeries } from '../../store/metrics/select.ts';
import type { Exporter } from '../exporter.ts';
import { outcomeOf, type ReceiverTools, receiver } from '../http/receiver.ts';
import { ProtobufWriter } from '../protobuf-writer.ts';
import { selectionsOf } from '../selections.ts';
import type { RemoteWriteSettings } from '../settings.ts';
import { packSnappy } from '../snappy.ts';

/** Numbers of the fields of WriteRequest, TimeSeries, Label and Sample. */
const TIMESERIES = 1;
const [LABELS, SAMPLES] = [1, 2];
const [NAME, TEXT] = [1, 2];
const [VALUE, TIMESTAMP] = [1, 2];

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
    async send(portion, signal) {
      if (portion.signal !== 'metrics') return { kind: 'refused', reason: 'remote write is for metrics' };
      const body = packSnappy(encodeWriteRequest(portion.series, writer));
      return outcomeOf(await to.ask({ url: settings.url, headers, body }, signal));
    },
  };
}

/** Labels are kept in the order that is asked for. */
export function encodeWriteRequest(all: readonly SelectedSeries[], writer: ProtobufWriter): Buffer {
  writer.reset();
  for (const { labels, times, values } of all)
    writer.message(TIMESERIES, () => {
      for (const name in labels)
        writer.message(LABELS, () => {
          writer.text(NAME, name);
          writer.text(TEXT, labels[name]!);
        });
      for (let i = 0; i < times.length; i += 1)
        writer.message(SAMPLES, () => {
          if (isStale(values, i)) writer.raw64(VALUE, STALE_NAN_BYTES);
          else writer.double(VALUE, values[i]!);
          writer.int(TIMESTAMP, times[i]!);
        });
    });
  return writer.done();
}
