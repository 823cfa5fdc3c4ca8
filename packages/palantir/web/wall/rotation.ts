/** Turns: which of some screens is shown now. */
import { useEffect, useState } from 'preact/hooks';

export const TURN_MS = 20_000;

/** The index of the screen whose turn it is; it begins anew with a new key. */
export function useTurn(count: number, key: string): number {
  const [turn, setTurn] = useState({ key, index: 0 });
  useEffect(() => {
    setTurn({ key, index: 0 });
    const timer = setInterval(() => setTurn(({ index }) => ({ key, index: index + 1 })), TURN_MS);
    return () => clearInterval(timer);
  }, [key]);
  return count > 0 && turn.key === key ? turn.index % count : 0;
}

/** The server's time now, each second: what a television believes of the time is not asked. */
export function useServerClock(atMs: number | undefined): number {
  const [passedMs, setPassed] = useState(0);
  useEffect(() => {
    const heardAt = performance.now();
    setPassed(0);
    const timer = setInterval(() => setPassed(performance.now() - heardAt), 1_000);
    return () => clearInterval(timer);
  }, [atMs]);
  return (atMs ?? Date.now()) + passedMs;
}
