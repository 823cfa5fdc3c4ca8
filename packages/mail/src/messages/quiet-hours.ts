/** Hours in which no mail goes out, in a time zone of the reader. Wall clocks jump twice a year; the end is the first moment at
 * which the clock on the wall shows `until` or later. */
import { GoblinError } from '@goblin/core';

export interface QuietHours {
  /** `'22:00'` */
  readonly from: string;
  /** `'07:00'`; before `from`, it is on the next day. */
  readonly until: string;
  /** `'Europe/Berlin'` */
  readonly zone: string;
}

const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;
const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;

/** @throws INVALID_INPUT for a time that is none, an empty span, or an unknown zone */
export function checkQuietHours(hours: QuietHours): void {
  if (minuteOf(hours.from) === minuteOf(hours.until))
    throw invalid(`quiet hours from ${hours.from} until ${hours.until} are none`);
  wallMinute(0, hours.zone);
}

/** When the quiet hours that hold at a moment end; undefined when none hold. All in milliseconds since the Unix epoch. */
export function quietUntil(hours: QuietHours, nowMs: number): number | undefined {
  const from = minuteOf(hours.from);
  const until = minuteOf(hours.until);
  if (!isWithin(wallMinute(nowMs, hours.zone), from, until)) return undefined;
  // By minutes, because the clock on the wall may jump over the end or show it twice.
  const startMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  for (let minutes = 1; minutes < 2 * DAY_MINUTES; minutes++) {
    const atMs = startMs + minutes * MINUTE_MS;
    if (!isWithin(wallMinute(atMs, hours.zone), from, until)) return atMs;
  }
  return undefined;
}

function isWithin(minute: number, from: number, until: number): boolean {
  return from < until ? minute >= from && minute < until : minute >= from || minute < until;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes since midnight on the wall clocks of a zone. */
function wallMinute(atMs: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    try {
      format = new Intl.DateTimeFormat('en-GB', {
        timeZone: zone,
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      });
    } catch (cause) {
      throw new GoblinError('INVALID_INPUT', {
        message: `${JSON.stringify(zone)} is not a time zone such as Europe/Berlin`,
        cause,
      });
    }
    formats.set(zone, format);
  }
  return minuteOf(format.format(atMs));
}

function minuteOf(time: string): number {
  const [, hour, minute] = TIME.exec(time) ?? [];
  if (minute === undefined) throw invalid(`${JSON.stringify(time)} is not a time such as 22:00`);
  return Number(hour) * 60 + Number(minute);
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}
