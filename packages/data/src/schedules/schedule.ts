/** A schedule enqueues a task at each of its slots: slots.ts says which these are, plan.ts what becomes of missed ones, fire.ts
 * how each is enqueued once, however many processes run the schedule. What is due stands in the table, so slots that pass
 * while nothing runs are known when something runs again.
 *
 * A run is a task like any other: retried, kept when it dies, seen and replayed. The runs of a handler given here do not overlap:
 * one that is late is done after the one before it.
 *
 * The specification that was started last counts for all processes. A changed one counts from then on: its first slot
 * is the first after the change, and `missed` is not asked for slots of the old one. */
import { type Duration, GoblinError, type Schema, type SchemaInput, systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import type { Transaction } from '../database/transaction.ts';
import { onAnnouncement } from '../events/announcements.ts';
import { type Bell, bell } from '../events/bell.ts';
import type { Enqueued } from '../tasks/enqueue.ts';
import type { TaskHandler } from '../tasks/handler.ts';
import type { RetryOptions } from '../tasks/retry.ts';
import { type TaskDefinition, task } from '../tasks/task.ts';
import { work } from '../tasks/worker.ts';
import { type Firing, fire, type Run } from './fire.ts';
import type { Missed } from './plan.ts';
import { dueInMs, keepSchedule, markSeen, type NewSchedule } from './schedule-table.ts';
import { scheduleTelemetry } from './schedule-telemetry.ts';
import { type Slot, type StoredSlot, slotInput } from './slot-input.ts';
import { type ScheduleTimes, scheduleSpec } from './spec.ts';

/** How long a change by another process goes unseen when its announcement was lost. */
const LOOK_MS = 10_000;
/** How often it is written down that somebody runs it. */
export const SEEN_MS = 60_000;
const FIRST_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 10_000;
const NAME = /^[a-z][a-z0-9-]{0,60}$/;

export interface ScheduleOptions extends ScheduleTimes {
  /** Unique within the service: `nightly`. */
  readonly name: string;
  /** What to do about slots that were not taken within 60 s, because nothing ran: nothing (`skip`), run the newest one
   * (`latest`), or run all up to 1,000 (`all`). Default `latest`. */
  readonly missed?: Missed;
}

/** Of the tasks that run a handler. */
export interface RunOptions {
  readonly retry?: RetryOptions;
  readonly lease?: Duration;
  readonly timeout?: Duration;
}

export type SlotHandler = TaskHandler<Schema<StoredSlot, Slot>, Schema>;

/** A background loop that runs a handler at each slot, or enqueues a task, which some `work` does. `job.input.slot` is
 * when it was due. While the database is away it waits.
 * @example app.background('nightly', schedule(db, { name: 'nightly', cron: '0 30 3 * * *', zone: 'Europe/Berlin' }, async (job) => { … }))
 * @example app.background('report', schedule(db, { name: 'report', every: '15m', input: (slot) => ({ until: slot.toISOString() }) }, report))
 * @throws INVALID_INPUT when the specification or the name cannot be read */
export function schedule(
  db: Database,
  options: ScheduleOptions & RunOptions,
  handler: SlotHandler,
): (signal: AbortSignal) => Promise<void>;
export function schedule<I extends Schema, O extends Schema>(
  db: Database,
  options: ScheduleOptions & { readonly input: (slot: Date) => SchemaInput<I> },
  definition: TaskDefinition<I, O>,
): (signal: AbortSignal) => Promise<void>;
export function schedule(
  db: Database,
  options: ScheduleOptions & RunOptions & { readonly input?: (slot: Date) => unknown },
  what: SlotHandler | TaskDefinition,
): (signal: AbortSignal) => Promise<void> {
  const { name, missed = 'latest' } = options;
  if (!NAME.test(name)) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(name)} is not the name of a schedule: write lower-case letters, digits and -, such as nightly`,
    });
  }
  const spec = scheduleSpec(name, options);
  const definition = typeof what === 'function' ? runsOf(db.schema, options) : what;
  const input = options.input ?? ((slot: Date): StoredSlot => ({ slot: slot.toISOString() }));
  const firing: Firing = {
    id: { service: db.schema, name },
    telemetry: scheduleTelemetry(db.telemetry, name),
    enqueue: (tx: Transaction, runs: readonly Run[]): Promise<Enqueued[]> =>
      definition.enqueueMany(
        tx,
        runs.map(({ slot, key }) => ({ key, input: input(slot) })),
      ),
  };
  const kept = { ...firing.id, kind: definition.kind, spec, missed };
  if (typeof what !== 'function') return (signal) => routine(() => run(db, kept, firing, signal));
  const worker = work(db, definition, what as TaskHandler, { concurrency: 1 });
  return (signal) => together(signal, [(both) => routine(() => run(db, kept, firing, both)), worker]);
}

/** Where changes to a schedule are announced. */
export function scheduleTopic({ service, name }: { service: string; name: string }): string {
  return `schedule ${service}/${name}`;
}

/** The tasks of a handler: those of `nightly` in the service payments are of the kind `payments.schedule.nightly`. */
function runsOf(
  service: string,
  { name, retry, lease, timeout }: ScheduleOptions & RunOptions,
): TaskDefinition {
  const definition = task(`${service.toLowerCase().replaceAll('_', '-')}.schedule.${name}`, {
    input: slotInput,
    lanes: { concurrency: 1 },
    ...(retry && { retry }),
    ...(lease !== undefined && { lease }),
    ...(timeout !== undefined && { timeout }),
  });
  return definition as unknown as TaskDefinition;
}

async function run(db: Database, kept: NewSchedule, firing: Firing, signal: AbortSignal): Promise<void> {
  const wakeUp = bell();
  const endHearing = onAnnouncement(db, scheduleTopic(kept), wakeUp.ring);
  let isKept = false;
  let seenAt = systemClock.now();
  let backoffMs = FIRST_BACKOFF_MS;
  try {
    while (!signal.aborted) {
      try {
        if (!isKept) await keepSchedule(db, kept);
        isKept = true;
        if (systemClock.now() - seenAt > SEEN_MS) {
          await markSeen(db, kept);
          seenAt = systemClock.now();
        }
        await fireOrWait(db, kept, firing, wakeUp, signal);
        backoffMs = FIRST_BACKOFF_MS;
      } catch (error) {
        db.telemetry.log.warn(
          { err: error, schedule: kept.name },
          `the schedule ${kept.name} could not be taken; it is tried again`,
        );
        await wakeUp.wait(backoffMs * (0.5 + Math.random() / 2), signal);
        backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
      }
    }
  } finally {
    await endHearing();
  }
}

async function fireOrWait(
  db: Database,
  kept: NewSchedule,
  firing: Firing,
  wakeUp: Bell,
  signal: AbortSignal,
): Promise<void> {
  const inMs = await dueInMs(db, kept);
  if (inMs === undefined || inMs > 0)
    return wakeUp.wait(Math.min(Math.ceil(inMs ?? LOOK_MS), LOOK_MS), signal);
  const isMine = await db.transaction((tx) => fire(tx, firing));
  // Another process is at it, or this one has not moved on: look again, but not at once.
  if (isMine === undefined) await wakeUp.wait(FIRST_BACKOFF_MS, signal);
}

/** Both until one ends: when one fails, the other is told to stop, and the failure is passed on. */
async function together(
  signal: AbortSignal,
  loops: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const ended = await Promise.allSettled(
    loops.map((loop) =>
      loop(both).catch((error) => {
        failed.abort(error);
        throw error;
      }),
    ),
  );
  const failure = ended.find((one) => one.status === 'rejected');
  if (failure) throw failure.reason;
}
