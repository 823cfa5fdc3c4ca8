/** Reads the moment of a restore as a person writes it. Without a zone it is local time, and a local time that the change
 * of the clocks makes occur twice, or never, is refused rather than guessed. */
import { GoblinError } from '@goblin/core';

const FORM =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/;
const DAY_MS = 86_400_000;

export interface Moment {
  readonly at: Date;
  /** The zone it was read in, when it was written without one. */
  readonly assumedZone: string | undefined;
}

/** @param zone IANA name. Default: that of this process.
 * @example momentOf('2026-11-20 12:00')
 * @throws INVALID_INPUT */
export function momentOf(
  text: string,
  zone: string = Intl.DateTimeFormat().resolvedOptions().timeZone,
): Moment {
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', offset] =
    FORM.exec(text.trim()) ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0')}`;
  const asUtc = Date.parse(`${iso}Z`);
  // Date.parse takes 31 February for 3 March.
  if (year === undefined || Number.isNaN(asUtc) || !new Date(asUtc).toISOString().startsWith(iso))
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(text)} is no moment: write 2026-11-20 12:00, with seconds and a zone where they matter (2026-11-20T12:00:30+01:00), or latest`,
    });
  if (offset !== undefined) {
    const at = new Date(asUtc - offsetMs(offset));
    return { at, assumedZone: undefined };
  }
  // Zones keep their offset for at least a day, so those of the day before and after are all that can be.
  const offsets = [zoneOffsetMs(asUtc - DAY_MS, zone), zoneOffsetMs(asUtc + DAY_MS, zone)];
  const found = [...new Set(offsets.map((one) => asUtc - one))].filter(
    (at) => at + zoneOffsetMs(at, zone) === asUtc,
  );
  if (found.length === 1) return { at: new Date(found[0]!), assumedZone: zone };
  const choices = found.map((at) => `${text.trim()}${offsetText(asUtc - at)}`);
  throw new GoblinError('INVALID_INPUT', {
    message:
      found.length === 0
        ? `${text} does not exist in ${zone}: the clocks are put forward over it`
        : `${text} occurs twice in ${zone}, where the clocks are put back: write ${choices.join(' or ')}`,
  });
}

function offsetMs(text: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(text) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** How far the clocks of a zone are ahead of UTC at a moment. */
function zoneOffsetMs(at: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')!.value;
  return offsetMs(name.replace('GMT', ''));
}

function offsetText(ms: number): string {
  const minutes = Math.abs(ms) / 60_000;
  const two = (number: number): string => String(Math.floor(number)).padStart(2, '0');
  return `${ms < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
