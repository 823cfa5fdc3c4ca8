/** Searches logs, newest first, and gives lines while they are found; older ones come when they are asked for. What is held is
 * bounded. A search that nobody waits for any more is given up. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { rangeParameters, type TimeRange } from '../parts/time-range.ts';
import type { NumberedLine } from './line-buffer.ts';
import { searchLines } from './search-lines.ts';

const PAGE = 300;
export const MAX_LINES = 3_000;
/** So often at most what was found is shown. */
const SHOW_MS = 100;

export interface LogSearch {
  readonly lines: readonly NumberedLine[];
  readonly isLoading: boolean;
  readonly error: Error | undefined;
  /** Whether older lines may be there. */
  readonly hasMore: boolean;
  /** Why there may be more than was found. */
  readonly hint: string | undefined;
  readonly more: () => void;
}

const NOTHING = { lines: [], isLoading: true, error: undefined, hasMore: false, hint: undefined };

/** @param query undefined searches nothing */
export function useLogSearch(query: string | undefined, range: TimeRange): LogSearch {
  const [found, setFound] = useState<Omit<LogSearch, 'more'>>(NOTHING);
  const running = useRef<AbortController>(null);

  const search = useCallback(
    async (text: string, toMs: number, before: readonly NumberedLine[]): Promise<void> => {
      running.current?.abort();
      const left = new AbortController();
      running.current = left;
      let lines = before;
      let fresh: NumberedLine[] = [];
      let shownAt = performance.now();
      const show = (state: Partial<LogSearch>): void => {
        lines = [...lines, ...fresh];
        fresh = [];
        shownAt = performance.now();
        if (!left.signal.aborted) setFound({ ...NOTHING, lines, ...state });
      };
      show({});
      let count = 0;
      // Lines of the last millisecond that is shown come again: there may be more of them.
      let again = before.length - before.findLastIndex(({ atMs }) => atMs > toMs) - 1;
      try {
        const within = rangeParameters({ fromMs: range.fromMs, toMs });
        const asked = `query=${encodeURIComponent(text)}&${within}&limit=${PAGE}&order=newest`;
        let hint: string | undefined;
        for await (const found of searchLines(asked, left.signal)) {
          if ('hint' in found) {
            hint = found.hint;
            continue;
          }
          count++;
          if (again-- > 0) continue;
          fresh.push({ ...found.line, number: lines.length + fresh.length });
          if (performance.now() - shownAt > SHOW_MS) show({});
        }
        const hasMore = count === PAGE && lines.length + fresh.length < MAX_LINES;
        show({ isLoading: false, hasMore, hint });
      } catch (error) {
        show({ isLoading: false, error: error as Error });
      }
    },
    [range.fromMs],
  );

  useEffect(() => {
    if (query === undefined) setFound({ ...NOTHING, isLoading: false });
    else void search(query, range.toMs, []);
    return () => running.current?.abort();
  }, [query, range.toMs, search]);

  const more = useCallback(() => {
    const oldest = found.lines.at(-1);
    if (query !== undefined && oldest) void search(query, oldest.atMs, found.lines);
  }, [found.lines, query, search]);
  return { ...found, more };
}
