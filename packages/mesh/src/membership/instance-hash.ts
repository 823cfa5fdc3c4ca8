/** FNV-1a, 32 bits: a short stand-in for an instance's name where a rare mistake does no harm. */
export function instanceHash(instance: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < instance.length; i++) hash = Math.imul(hash ^ instance.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
