/** Whether an element was near to what is seen: what is far below is not asked for before somebody comes there. */
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const NEAR = '400px';

export function useSeen<T extends HTMLElement>(): [host: RefObject<T | null>, isSeen: boolean] {
  const host = useRef<T>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (isSeen) return;
    const watcher = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true),
      { rootMargin: NEAR },
    );
    watcher.observe(host.current!);
    return () => watcher.disconnect();
  }, [isSeen]);
  return [host, isSeen];
}
