/** Words as large as their place allows: on the wall nothing may be cut that would have fitted in smaller letters. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** Of the size that the style sheet gives. What does not fit in the last one ends in dots. */
const SIZES = [1, 0.9, 0.8, 0.7];

/** For an element whose style sheet multiplies its size by `--fit`. It is looked at with each drawing, so that a screen that is turned is
 * followed too. */
export function useFittingText<E extends HTMLElement>(): RefObject<E | null> {
  const place = useRef<E>(null);
  useLayoutEffect(() => {
    const element = place.current!;
    for (const size of SIZES) {
      element.style.setProperty('--fit', String(size));
      const { scrollHeight, clientHeight, scrollWidth, clientWidth } = element;
      if (scrollHeight <= clientHeight && scrollWidth <= clientWidth) return;
    }
  });
  return place;
}
