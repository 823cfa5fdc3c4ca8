/** OTLP over HTTP in protobuf (https://opentelemetry.io/docs/specs/otlp/#otlphttp): metrics, logs and traces to any collector. What a
 * collector takes in part is taken: the rest is counted with its reason. Packed by gzip. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ProtobufReader } from '../../decode/protobuf-reader.ts';
import type { Exporter, Outcome } from '../exporter.ts';
import { outcomeOf, type ReceiverTools, receiver } from '../http/receiver.ts';
import { type Portion, SIGNALS } from '../portion.ts';
import { ProtobufWriter } from '../protobuf-writer.ts';
import { selectionsOf } from '../selections.ts';
import type { OtlpSettings } from '../settings.ts';
import { writeLogs } from './otlp/otlp-logs.ts';
import { familyKey, writeMetrics } from './otlp/otlp-metrics.ts';
import { writeSpans } from './otlp/otlp-spans.ts';

const pack = promisify(gzip);

export function otlpExporter(settings: OtlpSettings, tools: ReceiverTools): Exporter {
  const to = receiver(settings, 'Bearer', tools);
  const writer = new ProtobufWriter();
  const base = settings.url.replace(/\/+$/, '');
  const headers = {
    ...settings.headers,
    'content-type': 'application/x-protobuf',
    'content-encoding': 'gzip',
  };
  return {
    signals: settings.signals ?? SIGNALS,
    selections: selectionsOf(settings.match),
    takesExemplars: true,
    keyOf: familyKey,
    async send(portion, signal) {
      write(portion, writer.reset());
      const body = await pack(writer.done());
      const answer = await to.ask({ url: `${base}/v1/${portion.signal}`, headers, body }, signal);
      const outcome = outcomeOf(answer);
      return outcome.kind === 'taken' && typeof answer !== 'string' ? partial(answer.body, outcome) : outcome;
    },
  };
}

function write(portion: Portion, writer: ProtobufWriter): void {
  if (portion.signal === 'metrics') writeMetrics(writer, portion.series);
  else if (portion.signal === 'logs') writeLogs(writer, portion.lines);
  else writeSpans(writer, portion.spans);
}

/** `{ 1: { 1: how many were rejected, 2: message } }`, the same for all three. What cannot be read says nothing. */
function partial(body: Buffer, taken: Extract<Outcome, { kind: 'taken' }>): Outcome {
  const reader = new ProtobufReader(body);
  let [skipped, reason] = [0, ''];
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) skipped = reader.varint();
      else if (reader.field === 2) reason = reader.text();
      else reader.skip();
    }
    reader.leave(outer);
  }
  return reader.fault === undefined && skipped > 0 ? { ...taken, skipped, reason } : taken;
}
