/** What the server says to a question, asked anew when the question changes. The last answer stays until the next one is there, so
 * that nothing flickers; a question that nobody waits for any more is given up. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { ask, ServerError } from '../../shared/server.ts';

export interface Answer<T> {
  readonly data: T | undefined;
  readonly error: Error | undefined;
  readonly isLoading: boolean;
  readonly again: () => void;
}

/** @param path undefined asks nothing
 * @param everyMs asks again so often while the page is seen */
export function useAnswer<T>(path: string | undefined, everyMs?: number): Answer<T> {
  return useAsked(path, (signal) => ask<T>(path!, { signal }), everyMs);
}

/** @param key names the question; undefined asks nothing */
export function useAsked<T>(
  key: string | undefined,
  question: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
): Answer<T> {
  const [answer, setAnswer] = useState<{ data: T | undefined; error: Error | undefined; isLoading: boolean }>(
    {
      data: undefined,
      error: undefined,
      isLoading: key !== undefined,
    },
  );
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (key === undefined) {
      setAnswer({ data: undefined, error: undefined, isLoading: false });
      return;
    }
    const left = new AbortController();
    setAnswer((before) => ({ ...before, isLoading: true }));
    question(left.signal).then(
      (data) => left.signal.aborted || setAnswer({ data, error: undefined, isLoading: false }),
      (error: Error) =>
        left.signal.aborted || setAnswer((before) => ({ data: before.data, error, isLoading: false })),
    );
    return () => left.abort();
  }, [key, round]);
  const again = useCallback(() => setRound((before) => before + 1), []);
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => {
      if (!document.hidden) again();
    }, everyMs);
    return () => clearInterval(timer);
  }, [again, everyMs]);
  return { ...answer, again };
}

/** Whether the server does not have it, or does not know the question. */
export function isMissing(error: Error | undefined): boolean {
  return error instanceof ServerError && /^(404|501|NOT_FOUND|UNIMPLEMENTED)$/.test(error.code);
}
