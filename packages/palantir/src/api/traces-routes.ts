/** Traces over HTTP, asked for in the language of docs/reference/queries.md: a list, one trace, its log lines, and two side by side. */
import { GoblinError } from '@goblin/core';
import type { LogLine, SpanRecord } from '../model.ts';
import { compareTraces } from '../query/traces/compare.ts';
import { compileTraces } from '../query/traces/compile.ts';
import { parseTraces } from '../query/traces/parser.ts';
import { MAX_SEARCH_LIMIT } from '../store/limits.ts';
import type { SearchEnd } from '../store/search-budget.ts';
import type { Trace } from '../store/store-reader.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';
import type { Routes } from '../web/access.ts';
import { searchHeaders } from './logs-routes.ts';
import { countOf, NO_STORE } from './parameters.ts';
import { rangeOf } from './times.ts';

/** Traces that one question looks at. */
const SEARCH_LIMITS = { maxLooked: 1_000_000, maxMs: 20_000 } as const;
/** Lines of a trace are looked for so long before and after its spans; without spans everywhere. */
const LINES_AROUND_MS = 3_600_000;
const TRACE_ID = /^[0-9a-f]{32}$/i;

type Traces = Pick<TelemetryStore, 'trace' | 'searchTraces' | 'searchLogs'>;

export function tracesRoutes(store: Traces): Routes {
  async function traceOf(id: string, signal: AbortSignal): Promise<Trace> {
    const trace = await store.trace(checkedId(id), signal);
    if (trace) return trace;
    throw new GoblinError('NOT_FOUND', {
      message: `there is no trace ${id}: it was not sampled, or is no longer kept`,
    });
  }

  return {
    async 'GET /palantir/traces'(request) {
      const { searchParams: params } = new URL(request.url);
      const limit = countOf(params, 'limit', MAX_SEARCH_LIMIT);
      const query = {
        ...compileTraces(parseTraces(params.get('query') ?? '')),
        ...rangeOf(params),
        ...(limit !== undefined && { limit }),
        ...SEARCH_LIMITS,
      };
      let end: SearchEnd | undefined;
      const found = await store.searchTraces(query, request.signal, (how) => {
        end = how;
      });
      return Response.json(found, { headers: searchHeaders(end) });
    },

    async 'GET /palantir/traces/compare'(request) {
      const { searchParams: params } = new URL(request.url);
      const [a, b] = await Promise.all(
        ['a', 'b'].map((name) => traceOf(params.get(name) ?? '', request.signal)),
      );
      const spans = compareTraces(a!.spans, b!.spans);
      return Response.json({ a: a!.summary, b: b!.summary, spans }, { headers: NO_STORE });
    },

    async 'GET /palantir/traces/:id'(request, _call, { id = '' }) {
      const { summary, spans } = await traceOf(id, request.signal);
      return Response.json({ summary, spans: spans.map(spanView) }, { headers: NO_STORE });
    },

    async 'GET /palantir/traces/:id/logs'(request, _call, { id = '' }) {
      const trace = await store.trace(checkedId(id), request.signal);
      const fromMs = trace ? trace.summary.startMs - LINES_AROUND_MS : 0;
      const toMs = trace
        ? trace.summary.startMs + trace.summary.durationMs + LINES_AROUND_MS
        : Number.MAX_SAFE_INTEGER;
      const lines: LogLine[] = [];
      const query = { traceId: id, fromMs, toMs, newestFirst: false };
      for await (const line of store.searchLogs(query, request.signal)) lines.push(line);
      return Response.json({ lines }, { headers: NO_STORE });
    },
  };
}

function checkedId(id: string): string {
  if (TRACE_ID.test(id)) return id;
  throw new GoblinError('INVALID_INPUT', {
    message: `${JSON.stringify(id.slice(0, 50))} is no trace id: it has 32 hexadecimal digits`,
  });
}

/** Nanoseconds are more than a number of JSON holds: they are texts. */
function spanView(span: SpanRecord): object {
  const events = span.events.map((event) => ({ ...event, atNs: String(event.atNs) }));
  return { ...span, startNs: String(span.startNs), events };
}
