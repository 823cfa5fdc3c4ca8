/** Logs over HTTP, asked for in the language of docs/reference/queries.md: found lines, counts over time, and new lines as they come. */
import { type Clock, systemClock } from '@goblin/core';
import { compileSelection } from '../query/logs/compile.ts';
import { countLogs } from '../query/logs/counting.ts';
import { logTails } from '../query/logs/log-tails.ts';
import { parseCounting, parseSelection } from '../query/logs/parser.ts';
import { MAX_SEARCH_LIMIT } from '../store/limits.ts';
import type { SearchEnd } from '../store/search-budget.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';
import type { Routes } from '../web/access.ts';
import { boundedStream } from './bounded-stream.ts';
import { answerLines, SEARCH_LIMITS } from './log-lines.ts';
import { countOf, NO_STORE } from './parameters.ts';
import { durationOf, rangeOf } from './times.ts';

const MINUTE_MS = 60_000;
/** How the search for an answer that is one JSON value ended. */
export const SEARCH_HEADER = 'palantir-search';

type Logs = Pick<TelemetryStore, 'searchLogs' | 'countLines' | 'logCounts' | 'onLogs' | 'filterLogs'>;

export function logsRoutes(store: Logs, clock: Clock = systemClock): Routes {
  const tails = logTails(store);
  return {
    'GET /palantir/logs': (request) => {
      const { searchParams: params } = new URL(request.url);
      const limit = countOf(params, 'limit', MAX_SEARCH_LIMIT);
      const query = {
        ...compileSelection(parseSelection(params.get('query') ?? '')),
        ...rangeOf(params),
        ...(limit !== undefined && { limit }),
        newestFirst: params.get('order') !== 'oldest',
      };
      return answerLines(store, query, request.signal, params.get('explain') === 'true');
    },

    async 'GET /palantir/logs/counts'(request) {
      const { searchParams: params } = new URL(request.url);
      const selection = parseSelection(params.get('query') ?? '');
      const { fromMs, toMs } = rangeOf(params);
      const stepMs = durationOf(params, 'step') ?? MINUTE_MS;
      // Whole steps: each tells of the lines from its beginning on.
      const range = {
        fromMs: stepBegin(fromMs, stepMs) + stepMs,
        toMs: stepBegin(toMs, stepMs) + stepMs,
        stepMs,
      };
      const counting = { selection, rangeMs: stepMs, by: ['severity'] };
      const { series, startMs, end } = await countLogs(store, counting, range, SEARCH_LIMITS, request.signal);
      const counts = series.flatMap(({ labels, counts: all }) =>
        all.map((count, i) => ({
          atMs: startMs + (i - 1) * stepMs,
          severity: Number(labels.severity),
          count,
        })),
      );
      const found = counts.filter(({ count }) => count > 0).sort((one, other) => one.atMs - other.atMs);
      return Response.json(found, { headers: searchHeaders(end) });
    },

    async 'GET /palantir/logs/series'(request) {
      const { searchParams: params } = new URL(request.url);
      const counting = parseCounting(params.get('query') ?? '');
      const stepMs = durationOf(params, 'step') ?? counting.rangeMs;
      const range = { ...rangeOf(params), stepMs };
      const counted = await countLogs(store, counting, range, SEARCH_LIMITS, request.signal);
      return Response.json(counted, { headers: NO_STORE });
    },

    'GET /palantir/logs/tail': (request) => {
      const { searchParams: params } = new URL(request.url);
      const selection = parseSelection(params.get('query') ?? '');
      return boundedStream(request.signal, clock, ({ send, lose }) =>
        tails.watch(selection, {
          lines: (found) => {
            for (const line of found) send('line', line);
          },
          missed: lose,
        }),
      );
    },
  };
}

export function searchHeaders(end: SearchEnd | undefined): Record<string, string> {
  return { ...NO_STORE, ...(end && { [SEARCH_HEADER]: JSON.stringify(end) }) };
}

function stepBegin(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}
