/** Lines as they come, by server-sent events. They are shown a few times a second, however many come; the browser connects anew
 * when the stream breaks. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { LogLine } from '../../../src/model.ts';
import { LineBuffer, MAX_TAIL_LINES, type NumberedLine } from './line-buffer.ts';

const SHOW_MS = 200;

export interface Tail {
  readonly lines: readonly NumberedLine[];
  readonly isConnected: boolean;
  readonly isPaused: boolean;
  /** Lines that came while it is paused. */
  readonly waiting: number;
  /** Lines that came faster than they could be sent. */
  readonly lost: number;
  readonly togglePause: () => void;
}

/** @param query undefined listens to nothing */
export function useTail(query: string | undefined): Tail {
  const buffer = useRef(new LineBuffer());
  const [isConnected, setConnected] = useState(false);
  const [lost, setLost] = useState(0);
  const [shown, setShown] = useState<Pick<Tail, 'lines' | 'isPaused' | 'waiting'>>(() =>
    viewOf(buffer.current),
  );

  useEffect(() => {
    if (query === undefined) return;
    buffer.current = new LineBuffer();
    setShown(viewOf(buffer.current));
    setLost(0);
    let fresh: LogLine[] = [];
    const stream = new EventSource(`/palantir/logs/tail?query=${encodeURIComponent(query)}`);
    stream.addEventListener('line', ({ data }) => {
      fresh.push(JSON.parse(data) as LogLine);
      if (fresh.length > 2 * MAX_TAIL_LINES) fresh = fresh.slice(-MAX_TAIL_LINES);
    });
    stream.addEventListener('lost', ({ data }) => {
      const { lines } = JSON.parse(data) as { lines: number };
      setLost((before) => before + lines);
    });
    stream.addEventListener('open', () => setConnected(true));
    stream.addEventListener('error', () => setConnected(false));
    const timer = setInterval(() => {
      if (fresh.length === 0) return;
      buffer.current.add(fresh);
      fresh = [];
      setShown(viewOf(buffer.current));
    }, SHOW_MS);
    return () => {
      clearInterval(timer);
      stream.close();
      setConnected(false);
    };
  }, [query]);

  const togglePause = useCallback(() => {
    if (buffer.current.isPaused) buffer.current.resume();
    else buffer.current.pause();
    setShown(viewOf(buffer.current));
  }, []);
  return { ...shown, isConnected, lost, togglePause };
}

function viewOf({ lines, isPaused, waiting }: LineBuffer): Pick<Tail, 'lines' | 'isPaused' | 'waiting'> {
  return { lines, isPaused, waiting };
}
