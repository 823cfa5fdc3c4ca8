/** The clocks on the walls of a time zone, which jump twice a year. A time that is skipped is taken at the jump, one that is shown twice
 * the first time. */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** No zone is farther from UTC. */
const MAX_OFFSET_MS = 15 * 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();

export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** What the clocks show, as if it were UTC: milliseconds since the Unix epoch. */
export function wallTime(atMs: number, zone: string): number {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year, month, day, hour, minute, second } = parts as Record<string, number>;
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) + (((atMs % 1_000) + 1_000) % 1_000);
}

/** The first moment at which the clocks of a zone show this time or a later one. Both in milliseconds since the Unix epoch, the
 * first as if the clocks showed UTC. */
export function momentOf(wallMs: number, zone: string): number {
  let [low, high] = [wallMs - MAX_OFFSET_MS, wallMs + MAX_OFFSET_MS];
  // Clocks that are set back make the search see "not yet" again after the moment; so look at both offsets around first.
  const candidates = [low, high]
    .map((nearMs) => wallMs - (wallTime(nearMs, zone) - nearMs))
    .filter((atMs) => wallTime(atMs, zone) === wallMs);
  if (candidates.length > 0) return Math.min(...candidates);
  // It is skipped: between the two there is one jump, and the clocks grow on both sides of it.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (wallTime(middle, zone) >= wallMs) high = middle;
    else low = middle;
  }
  return high;
}

export { DAY_MS, MINUTE_MS };

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}
