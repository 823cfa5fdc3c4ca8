/** Schedules: from the first slot on one follows the other, each was enqueued once, and each has its effect once, or its task still
 * waits because everybody was told to end. */
import { SLOTS } from '../work/definitions.ts';
import { type Breach, compare } from './breach.ts';
import type { Evidence } from './evidence.ts';

const PROMISE = 'each slot of a schedule is run exactly once';

export function slotsBook({ changes, effects, leftTasks }: Evidence): Breach[] {
  const breaches: Breach[] = [];
  for (const { name, kind, everyMs } of SLOTS) {
    const note =
      (what: string) =>
      (slot: string): void => {
        breaches.push({ promise: PROMISE, item: `${name} ${slot}`, what });
      };
    const slotOf = (key: string | null): string => key!.slice(name.length + 1);
    const enqueued = changes
      .filter((change) => change.kind === kind && change.change === 'INSERT')
      .map(({ key }) => slotOf(key))
      .sort();
    const waiting = new Set(leftTasks.filter((task) => task.kind === kind).map(({ key }) => slotOf(key)));
    const done = effects.filter((effect) => effect.kind === name).map((effect) => effect.name);
    for (let at = 1; at < enqueued.length; at++) {
      const slot = enqueued[at]!;
      const sinceMs = Date.parse(slot) - Date.parse(enqueued[at - 1]!);
      if (sinceMs !== everyMs) note(`it comes ${sinceMs} ms after the one before`)(slot);
    }
    const { missing, twice, strange } = compare(
      enqueued.filter((slot) => !waiting.has(slot)),
      done,
    );
    missing.forEach(note('it was enqueued and never run'));
    twice.forEach(note('its effect is there twice'));
    strange.forEach(note('it was run and not enqueued, or its task is still there'));
  }
  return breaches;
}
