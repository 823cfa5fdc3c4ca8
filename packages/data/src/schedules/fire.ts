/** Takes the slots that are due: a run of each is enqueued and the schedule moves on, in one transaction. The lock of its row
 * keeps other processes out, and the key `<name>@<slot>` makes a second run of a slot impossible. */
import { context } from '@goblin/core';
import type { Transaction } from '../database/transaction.ts';
import type { Enqueued } from '../tasks/enqueue.ts';
import { type Plan, planSlots } from './plan.ts';
import { lockDue, moveOn, type ScheduleId } from './schedule-table.ts';
import type { ScheduleTelemetry } from './schedule-telemetry.ts';

/** One run that is to be enqueued. */
export interface Run {
  readonly slot: Date;
  readonly key: string;
}

export interface Firing {
  readonly id: ScheduleId;
  readonly telemetry: ScheduleTelemetry;
  enqueue(tx: Transaction, runs: readonly Run[]): Promise<readonly Enqueued[]>;
}

/** Answers how many runs it has enqueued; undefined: another process takes the slots, or none is due. */
export async function fire(tx: Transaction, { id, telemetry, enqueue }: Firing): Promise<number | undefined> {
  const due = await lockDue(tx, id);
  if (!due) return undefined;
  const now = due.now.getTime();
  const plan: Plan | undefined =
    due.paused || due.nextSlot === null
      ? undefined
      : planSlots(due.spec, due.missed, due.nextSlot.getTime(), now);
  const slots = [...(plan?.run ?? []), ...(due.askedAt ? [due.askedAt.getTime()] : [])];
  const span = tx.database.telemetry.tracer.start(`schedule ${id.name}`, { parent: null });
  try {
    const runs = slots.map((slot) => runOf(id, slot));
    const enqueued = await context.run({ trace: span.context }, () => enqueue(tx, runs));
    await moveOn(tx, id, plan);
    tx.afterCommit(() => {
      telemetry.fires.add(enqueued.filter(({ isNew }) => isNew).length);
      for (const slot of plan?.run ?? []) telemetry.lateness.record(Math.max(0, now - slot) / 1_000);
      if (plan?.missed) telemetry.missed.add(plan.missed);
    });
    return enqueued.length;
  } catch (error) {
    span.fail(error);
    throw error;
  } finally {
    span.end();
  }
}

function runOf({ name }: ScheduleId, slotMs: number): Run {
  const slot = new Date(slotMs);
  return { slot, key: `${name}@${slot.toISOString()}` };
}
