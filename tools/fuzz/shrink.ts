/** Makes an input smaller for as long as it still shows what it showed, within a bounded time. */

export async function shrink(
  bytes: Uint8Array,
  maxMs: number,
  showsIt: (smaller: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  const endMs = performance.now() + maxMs;
  let smallest = bytes;
  for (let size = bytes.length; size >= 1; size = Math.min(size >> 1, smallest.length)) {
    for (let at = 0; at < smallest.length; ) {
      if (performance.now() > endMs) return smallest;
      const smaller = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if (await showsIt(smaller)) smallest = smaller;
      else at += size;
    }
  }
  return smallest;
}
