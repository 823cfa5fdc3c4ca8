/** Tasks with effects in the database: each that was asked for has its effect, and once. */
import { partNames } from '../work/order.ts';
import { type Breach, exactlyOnce } from './breach.ts';
import type { Evidence } from './evidence.ts';

const PROMISES = { lost: 'no task is lost', twice: 'no effect in the database is there twice' };

export function tasksBook({ asked, effects, leftTasks, leftSteps, stuck }: Evidence): Breach[] {
  const parts = [...asked.order].flatMap(partNames);
  const expected: Readonly<Record<string, Iterable<string>>> = {
    single: asked.single,
    laned: asked.laned,
    charge: asked.charge,
    order: asked.order,
    part: parts,
    // Each event `noted` makes one.
    echo: asked.noted,
  };
  const breaches = Object.entries(expected).flatMap(([kind, names]) =>
    exactlyOnce(
      kind,
      names,
      effects.filter((effect) => effect.kind === kind).map(({ name }) => name),
      PROMISES,
    ),
  );
  for (const { kind, key, dead } of leftTasks) {
    if (dead) breaches.push({ promise: PROMISES.lost, item: `${kind} ${key}`, what: 'it is dead' });
  }
  if (stuck !== undefined)
    breaches.push({ promise: 'what nobody kills comes to its end', item: 'the rest', what: stuck });
  if (leftSteps > 0)
    breaches.push({
      promise: 'what a task remembers ends with it',
      item: 'step',
      what: `${leftSteps} are left although no workflow is`,
    });
  return breaches;
}
