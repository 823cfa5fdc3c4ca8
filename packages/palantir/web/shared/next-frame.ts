/** Work spread over frames: what follows a value one frame later does not have to be done in the same frame as what shows it at once. */
import { useEffect, useState } from 'preact/hooks';

/** The value, once a frame has gone by since it came. */
export function useNextFrame<T>(value: T): T {
  const [shown, setShown] = useState(value);
  useEffect(() => {
    const frame = requestAnimationFrame(() => setShown(value));
    return () => cancelAnimationFrame(frame);
  }, [value]);
  return shown;
}
