/** Durations of PromQL: `5m`, `1h30m`, `1d`, from years down to milliseconds, each unit at most once and in that order. */

const UNITS_MS = [365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000, 1];
const DURATION = /(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?/y;

/** Milliseconds and how long the text is, of the duration that begins at this place; undefined where none does. */
export function durationAt(
  text: string,
  at: number,
): { readonly ms: number; readonly length: number } | undefined {
  DURATION.lastIndex = at;
  const found = DURATION.exec(text);
  if (!found?.[0]) return undefined;
  const ms = UNITS_MS.reduce((sum, unitMs, i) => sum + Number(found[i + 1] ?? 0) * unitMs, 0);
  return { ms, length: found[0].length };
}
