/** Where telemetry is sent to: OpenTelemetry by OTLP over HTTP, Influx line protocol as Telegraf writes it, and Prometheus' remote
 * write. Bytes go to the store's thread as they are, which decodes them, and the sender is answered when they are kept.
 *
 * What is good in a request is kept. Of what is not, OTLP senders are told in the words of their protocol (partial success);
 * Influx and Prometheus, which would send all of it again, are answered yes, and it is counted. */
import { GoblinError, type Metrics, type Route } from '@goblin/core';
import type { Format } from '../decode/decoders.ts';
import type { Rejection } from '../model.ts';
import type { TelemetryStore } from '../store/store.ts';
import { bodyOf } from './body.ts';
import { partialSuccess } from './partial-success.ts';

type Routes = Readonly<Record<string, Route<unknown>>>;
type Signal = 'traces' | 'metrics' | 'logs';

const REJECTED_ITEMS = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
} as const;
/** The units of Influx' `precision`, of its first and second version. */
const PRECISIONS: Readonly<Record<string, Format>> = {
  ...{ n: 'influx', ns: 'influx', u: 'influx-us', us: 'influx-us', µ: 'influx-us' },
  ...{ ms: 'influx-ms', s: 'influx-s', m: 'influx-m', h: 'influx-h' },
};

export function ingestRoutes(store: Pick<TelemetryStore, 'ingest'>, metrics: Metrics): Routes {
  const accepted = metrics.counter('telemetry_accepted_total', {
    help: 'Samples, log lines and spans that were kept.',
    labels: ['format'],
  });
  const rejected = metrics.counter('telemetry_rejected_total', {
    help: 'Samples, log lines and spans that were not kept; the senders of OTLP are told why.',
    labels: ['format'],
  });

  async function keep(format: Format, request: Request): Promise<readonly Rejection[]> {
    const answer = await store.ingest(format, await bodyOf(request));
    accepted.with(format).add(answer.accepted);
    rejected.with(format).add(answer.rejected.reduce((sum, { count }) => sum + count, 0));
    return answer.rejected;
  }

  const otlp =
    (signal: Signal): Route<unknown> =>
    async (request) => {
      const isJson = contentTypeOf(request) === 'application/json';
      if (!isJson && contentTypeOf(request) !== 'application/x-protobuf') {
        throw new GoblinError('UNSUPPORTED_MEDIA_TYPE', {
          message: 'OTLP is taken as application/x-protobuf and application/json',
        });
      }
      const rejections = await keep(`otlp-${signal}-${isJson ? 'json' : 'protobuf'}`, request);
      return partialSuccess(rejections, REJECTED_ITEMS[signal], isJson);
    };

  const influx: Route<unknown> = async (request) => {
    const precision = new URL(request.url).searchParams.get('precision') ?? 'ns';
    const format = Object.hasOwn(PRECISIONS, precision) ? PRECISIONS[precision] : undefined;
    if (!format) {
      const known = Object.keys(PRECISIONS).join(', ');
      throw new GoblinError('INVALID_INPUT', {
        message: `precision is ${JSON.stringify(precision)}: write one of ${known}`,
      });
    }
    await keep(format, request);
    return new Response(null, { status: 204 });
  };

  return {
    'POST /v1/traces': otlp('traces'),
    'POST /v1/metrics': otlp('metrics'),
    'POST /v1/logs': otlp('logs'),
    'POST /write': influx,
    'POST /api/v2/write': influx,
    'POST /api/v1/write': async (request) => {
      await keep('remote-write', request);
      return new Response(null, { status: 204 });
    },
    // Telegraf asks for it before it writes.
    'GET /ping': () => new Response(null, { status: 204 }),
  };
}

function contentTypeOf(request: Request): string {
  return (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
}
