import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** The width of an element in whole pixels, for what is drawn into it. */
export function useWidth<T extends HTMLElement>(): [host: RefObject<T | null>, width: number] {
  const host = useRef<T>(null);
  const [width, setWidth] = useState(300);
  useEffect(() => {
    const watcher = new ResizeObserver(([entry]) =>
      setWidth(Math.max(1, Math.floor(entry!.contentRect.width))),
    );
    watcher.observe(host.current!);
    return () => watcher.disconnect();
  }, []);
  return [host, width];
}
