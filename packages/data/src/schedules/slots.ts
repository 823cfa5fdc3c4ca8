/** Which slots a schedule has. Slots are instants on a grid that depends on the specification alone, never on when a process
 * looked, so nothing drifts and all processes agree.
 *
 * When clocks change (cron in a zone; croner computes it, slots.test.ts holds it to these rules):
 * - A time of day, where second, minute and hour are one number each, is due exactly once: in a day whose clocks leave it
 *   out, at the end of the gap; in a day that has it twice, the first time.
 * - Everything else (lists, ranges, steps, `*`) follows the clock on the wall: what a gap leaves out is not due, and what comes
 *   twice is due twice. So each quarter of an hour is due every 15 minutes throughout. */
import { cronOf, type ScheduleSpec, type ScheduleTimes, scheduleSpec } from './spec.ts';

/** Slots that one look back finds. */
export const MAX_LOOK_BACK = 1_000;

type RepeatedSpec = Exclude<ScheduleSpec, { readonly at: string }>;

/** The first slot after an instant; both in milliseconds since the Unix epoch. A one-off has one slot, however long ago. */
export function nextSlot(spec: ScheduleSpec, afterMs: number): number | undefined {
  if ('everyMs' in spec) return (Math.floor(afterMs / spec.everyMs) + 1) * spec.everyMs;
  if ('at' in spec) {
    const atMs = Date.parse(spec.at);
    return atMs > afterMs ? atMs : undefined;
  }
  // Cron knows seconds only: the first one after 12:00:00.500 is 12:00:01.
  return cronOf('', spec).nextRun(new Date(afterMs))?.getTime();
}

/** The slot that a new schedule begins with. A one-off of the past is due at once. */
export function firstSlot(spec: ScheduleSpec, nowMs: number): number | undefined {
  return 'at' in spec ? Date.parse(spec.at) : nextSlot(spec, nowMs);
}

/** The slots from one on to another instant, in order; of more than 1,000 the newest 1,000. */
export function slotsBetween(spec: ScheduleSpec, fromMs: number, toMs: number): number[] {
  if ('at' in spec) return [Date.parse(spec.at)].filter((slot) => slot >= fromMs && slot <= toMs);
  const slots: number[] = [];
  let slot = nextSlot(spec, fromMs - 1);
  while (slot !== undefined && slot <= toMs) {
    if (slots.push(slot) > MAX_LOOK_BACK) return newest(spec, toMs, MAX_LOOK_BACK);
    slot = nextSlot(spec, slot);
  }
  return slots;
}

/** Counted from the end: there are many. */
function newest(spec: RepeatedSpec, toMs: number, count: number): number[] {
  if ('everyMs' in spec) {
    const last = Math.floor(toMs / spec.everyMs) * spec.everyMs;
    return Array.from({ length: count }, (_, n) => last - (count - 1 - n) * spec.everyMs);
  }
  // Previous runs lie before the instant, and cron knows seconds only.
  const after = new Date(Math.floor(toMs / 1_000) * 1_000 + 1_000);
  const slots = cronOf('', spec).previousRuns(count, after);
  return slots.map((slot) => slot.getTime()).reverse();
}

/** The next times of a schedule as it would be written in `schedule`.
 * @example nextFires({ cron: '0 30 3 * * *', zone: 'Europe/Berlin' }, 3)
 * @throws INVALID_INPUT */
export function nextFires(times: ScheduleTimes, count: number, from: Date = new Date()): Date[] {
  return slotsAfter(scheduleSpec('of nextFires', times), count, from.getTime());
}

export function slotsAfter(spec: ScheduleSpec, count: number, fromMs: number): Date[] {
  const slots: Date[] = [];
  for (
    let slot = nextSlot(spec, fromMs);
    slot !== undefined && slots.length < count;
    slot = nextSlot(spec, slot)
  )
    slots.push(new Date(slot));
  return slots;
}
