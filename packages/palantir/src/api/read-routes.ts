/** Logs and traces over HTTP: `GET /palantir/logs` as lines of JSON that come while the search goes on, traces as JSON. */
import { ReadableStream } from 'node:stream/web';
import { GoblinError, type Route } from '@goblin/core';
import type { Labels, SpanRecord } from '../model.ts';
import { parseSelector } from '../query/promql/parser.ts';
import type { TelemetryStore } from '../store/store.ts';
import { rangeOf } from './times.ts';

type Routes = Readonly<Record<string, Route<unknown>>>;
type Reads = Pick<TelemetryStore, 'searchLogs' | 'logCounts' | 'trace' | 'searchTraces' | 'stats'>;

export function readRoutes(store: Reads): Routes {
  return {
    'GET /palantir/logs': (request) => {
      const { searchParams: params } = new URL(request.url);
      const lines = store.searchLogs(
        {
          ...rangeOf(params),
          ...selectionOf(params),
          words: params.getAll('word'),
          contains: params.getAll('contains'),
          ...(params.has('severity') && { severity: numberOf(params, 'severity') }),
          ...(params.has('trace') && { traceId: params.get('trace')! }),
          ...(params.has('limit') && { limit: numberOf(params, 'limit') }),
          newestFirst: params.get('order') !== 'oldest',
        },
        request.signal,
      );
      const body = ReadableStream.from(asLines(lines)) as globalThis.ReadableStream<Uint8Array>;
      return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
    },

    async 'GET /palantir/traces'(request) {
      const { searchParams: params } = new URL(request.url);
      const attributes: Record<string, string> = {};
      for (const pair of params.getAll('attribute')) {
        const [name = '', ...value] = pair.split('=');
        attributes[name] = value.join('=');
      }
      const found = await store.searchTraces(
        {
          ...rangeOf(params),
          ...(params.has('service') && { service: params.get('service')! }),
          ...(params.has('name') && { name: params.get('name')! }),
          ...(params.has('slower') && { minDurationMs: numberOf(params, 'slower') }),
          ...(params.has('error') && { error: params.get('error') !== 'false' }),
          ...(params.has('limit') && { limit: numberOf(params, 'limit') }),
          attributes: attributes as Labels,
        },
        request.signal,
      );
      return Response.json(found, { headers: NO_STORE });
    },

    async 'GET /palantir/traces/:id'(request, _call, { id = '' }) {
      const trace = await store.trace(id, request.signal);
      if (!trace)
        throw new GoblinError('NOT_FOUND', {
          message: `there is no trace ${id}: it was not sampled, or is no longer kept`,
        });
      return Response.json(
        { summary: trace.summary, spans: trace.spans.map(spanView) },
        { headers: NO_STORE },
      );
    },

    'GET /palantir/stats': async () => Response.json(await store.stats(), { headers: NO_STORE }),
  };
}

const NO_STORE = { 'cache-control': 'no-store' };
const encoder = new TextEncoder();

async function* asLines(values: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const value of values) yield encoder.encode(`${JSON.stringify(value)}\n`);
}

/** Nanoseconds are more than a number of JSON holds: they are texts. */
function spanView(span: SpanRecord): object {
  const events = span.events.map((event) => ({ ...event, atNs: String(event.atNs) }));
  return { ...span, startNs: String(span.startNs), events };
}

/** `query={service="tax"}` */
function selectionOf(params: URLSearchParams): Pick<Parameters<Reads['searchLogs']>[0], 'matchers'> {
  const query = params.get('query');
  return query ? { matchers: parseSelector(query).matchers } : {};
}

function numberOf(params: URLSearchParams, name: string): number {
  const value = Number(params.get(name));
  if (params.get(name) !== '' && Number.isFinite(value)) return value;
  throw new GoblinError('INVALID_INPUT', {
    message: `${name} is ${JSON.stringify(params.get(name))}: write a number`,
  });
}
