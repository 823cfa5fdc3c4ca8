/** Lines of logs as an answer: one JSON object per line, as they are found. A last one says how the search ended, for who asks for it and
 * wherever a limit of ours ended it: `{"end": {"found", "looked", "blocks", "skippedBlocks", "ms", "limitedBy"?, "hint"?}}`; or
 * `{"error": {"code", "message"}}` where it broke off on its way. A search that cannot begin is answered with its error alone. */
import { ReadableStream } from 'node:stream/web';
import { GoblinError } from '@goblin/core';
import type { LogQuery } from '../store/logs/log-search.ts';
import type { SearchEnd } from '../store/search-budget.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';
import { NO_STORE } from './parameters.ts';

/** What one question may look at; what it has found by then is its answer. */
export const SEARCH_LIMITS = { maxLooked: 20_000_000, maxMs: 20_000 } as const;
const HEADERS = { ...NO_STORE, 'content-type': 'application/x-ndjson' };
const encoder = new TextEncoder();

/** @param explains whether the end is told in any case. @throws INVALID_INPUT, and what else keeps the search from beginning */
export async function answerLines(
  store: Pick<TelemetryStore, 'searchLogs'>,
  query: LogQuery,
  signal: AbortSignal,
  explains: boolean,
): Promise<Response> {
  let end: SearchEnd | undefined;
  const search = store.searchLogs({ ...SEARCH_LIMITS, ...query }, signal, (how) => {
    end = how;
  });
  const lines = search[Symbol.asyncIterator]();
  // Waits for the first line, or for what is wrong with the question.
  const first = await lines.next();

  async function* written(): AsyncGenerator<Uint8Array> {
    try {
      for (let next = first; !next.done; next = await lines.next()) yield jsonLine(next.value);
      if (end && (explains || isCut(end))) yield jsonLine({ end: { ...end, ...hintOf(end, query) } });
    } catch (error) {
      const { code, message } = error instanceof GoblinError ? error : new GoblinError('INTERNAL');
      yield jsonLine({ error: { code, message } });
    } finally {
      await lines.return?.();
    }
  }

  const body = ReadableStream.from(written()) as globalThis.ReadableStream<Uint8Array>;
  return new Response(body, { headers: HEADERS });
}

/** Whether there may be more than was found, and fewer were found than were asked for. */
function isCut({ limitedBy }: SearchEnd): boolean {
  return limitedBy === 'time' || limitedBy === 'looked';
}

/** What would let the search see more. */
function hintOf(end: SearchEnd, { words = [] }: LogQuery): { hint?: string } {
  if (!isCut(end)) return {};
  const hint =
    words.length === 0
      ? 'ask for less time, or for a whole word by |= word("…"): blocks without it are skipped'
      : 'ask for less time, or for a rarer word';
  return { hint };
}

function jsonLine(value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}\n`);
}
