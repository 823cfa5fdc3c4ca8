/** Log lines in order of time. A window ends early where it has more lines than one read gives: the next begins at the time of the last
 * line, whose like may not all have come. Of more than MAX_LINES lines at one and the same time only so many go out. */
import type { LogLine } from '../../model.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import { charactersOf, MAX_CHARACTERS, MAX_ITEMS } from '../portion.ts';
import type { Fed, Feed } from './feed.ts';

/** Of one read. */
const MAX_LINES = 10_000;

export function logsFeed(store: Pick<TelemetryStore, 'searchLogs'>): Feed {
  /** Portions of the lines at whole times; answers where to go on. */
  async function* upTo(fromMs: number, toMs: number, signal: AbortSignal): AsyncGenerator<Fed, number> {
    const query = { fromMs, toMs, limit: MAX_LINES, newestFirst: false };
    let lines: LogLine[] = [];
    let characters = 0;
    let read = 0;
    for await (const line of store.searchLogs(query, signal)) {
      if (line.atMs >= toMs) break;
      const isNewTime = lines.length > 0 && line.atMs > lines.at(-1)!.atMs;
      if (isNewTime && (lines.length >= MAX_ITEMS || characters >= MAX_CHARACTERS)) {
        yield { portion: { signal: 'logs', lines }, doneMs: line.atMs };
        lines = [];
        characters = 0;
      }
      read += 1;
      lines.push(line);
      characters += line.body.length + charactersOf(line.attributes);
    }
    if (read < MAX_LINES) {
      if (lines.length > 0) yield { portion: { signal: 'logs', lines }, doneMs: toMs };
      return toMs;
    }
    const lastMs = lines.at(-1)!.atMs;
    const whole = lastMs > fromMs ? lines.filter(({ atMs }) => atMs < lastMs) : lines;
    const doneMs = lastMs > fromMs ? lastMs : lastMs + 1;
    if (whole.length > 0) yield { portion: { signal: 'logs', lines: whole }, doneMs };
    return doneMs;
  }

  return {
    async *read(fromMs, toMs, signal) {
      for (let atMs = fromMs; atMs < toMs; ) atMs = yield* upTo(atMs, toMs, signal);
    },
  };
}
