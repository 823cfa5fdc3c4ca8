/** When a schedule is due: by cron, at a fixed rate, or once. As it is written, and as it is kept in the table. */
import { type Duration, GoblinError, milliseconds } from '@goblin/core';
import { Cron } from 'croner';

const MIN_EVERY_MS = 1_000;
const DEFAULT_ZONE = 'UTC';

/** Give one of `cron`, `every` and `at`. */
export interface ScheduleTimes {
  /** Six fields: second, minute, hour, day of month, month, day of week (0 and 7 are Sunday); with five, the second is 0.
   * `*`, `1-5`, `1,15`, `MON`, `JAN`, `L` (the last), `MON#2` (the second Monday). */
  readonly cron?: string;
  /** The time zone of `cron`, as IANA names it: `Europe/Berlin`. Default `UTC`. */
  readonly zone?: string;
  /** From one slot to the next, at least 1 s. Slots are multiples of it since 1970-01-01T00:00:00Z, so `15m` is due at each
   * quarter of an hour, whenever a process started. */
  readonly every?: Duration;
  /** Once. */
  readonly at?: Date;
}

export type ScheduleSpec =
  | { readonly cron: string; readonly zone: string }
  | { readonly everyMs: number }
  /** ISO 8601. */
  | { readonly at: string };

/** @throws INVALID_INPUT naming what is wrong */
export function scheduleSpec(name: string, times: ScheduleTimes): ScheduleSpec {
  const { cron, zone, every, at } = times;
  if ([cron, every, at].filter((given) => given !== undefined).length !== 1)
    throw invalid(`the schedule ${name} needs one of cron, every and at`);
  if (zone !== undefined && cron === undefined)
    throw invalid(`the schedule ${name} has a zone and no cron: only cron is read in a time zone`);
  if (cron !== undefined) {
    const spec = { cron, zone: zone ?? DEFAULT_ZONE };
    checkZone(name, spec.zone);
    cronOf(name, spec);
    return spec;
  }
  if (at !== undefined) {
    if (Number.isNaN(at.getTime())) throw invalid(`the time of the schedule ${name} is no valid date`);
    return { at: at.toISOString() };
  }
  const everyMs = milliseconds(every!);
  if (everyMs < MIN_EVERY_MS || !Number.isInteger(everyMs))
    throw invalid(
      `the schedule ${name} is due every ${everyMs} ms: whole milliseconds from ${MIN_EVERY_MS} are allowed`,
    );
  return { everyMs };
}

/** For people: `0 30 3 * * * Europe/Berlin`, `every 900 s`, `at 2026-11-20T12:00:00.000Z`. */
export function specInWords(spec: ScheduleSpec): string {
  if ('cron' in spec) return `${spec.cron} ${spec.zone}`;
  return 'at' in spec ? `at ${spec.at}` : `every ${spec.everyMs / 1_000} s`;
}

/** @throws INVALID_INPUT */
export function cronOf(name: string, { cron, zone }: { cron: string; zone: string }): Cron {
  const fields = cron.trim().split(/\s+/).length;
  if (fields !== 5 && fields !== 6) throw wrongCron(name, cron, 'five or six fields are needed');
  try {
    return new Cron(cron.trim(), { timezone: zone, paused: true });
  } catch (error) {
    throw wrongCron(name, cron, (error as Error).message);
  }
}

function wrongCron(name: string, cron: string, why: string): GoblinError {
  return invalid(
    `the cron ${JSON.stringify(cron)} of the schedule ${name} cannot be read (${why}): write second minute hour day month weekday, such as 0 30 3 * * *`,
  );
}

function checkZone(name: string, zone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {
    throw invalid(
      `${JSON.stringify(zone)}, of the schedule ${name}, is no time zone: write one such as Europe/Berlin`,
    );
  }
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}
