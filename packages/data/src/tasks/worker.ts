/** The loop that does tasks. It claims as many as it has hands for, runs each in the context of who enqueued it, and ends
 * it: `done` in one statement with others (finisher.ts) or with the handler's transaction (job.finish), `retried`
 * after a pause (retry.ts), `dead` after the last attempt, `parked` while it waits.
 *
 * What dies is taken care of by leases: whoever holds a task extends its lease each third of it (heartbeat.ts), and a
 * task whose lease has run out is claimed by the next one. The one that lost it may still be at work; its
 * signal is aborted and all its writes about the task are refused.
 *
 * It is woken when tasks become ready (wake-up.ts), knows when the next one falls due, and searches each second in any case.
 *
 * When it is told to stop it takes nothing new, gives handlers 3 s, and hands back what is left: ready at once,
 * without counting the attempt. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Schema, systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import { bell } from '../events/bell.ts';
import { claimLoop } from './claim-loop.ts';
import { Crew, type Kind } from './crew.ts';
import type { Handled, TaskHandler } from './handler.ts';
import { heartbeat } from './heartbeat.ts';
import { sampleQueues } from './queue-gauges.ts';
import type { TaskDefinition } from './task.ts';
import { taskTelemetry } from './task-telemetry.ts';
import { onCanceled, onReady } from './wake-up.ts';

const DEFAULT_CONCURRENCY = 10;
const MAX_CONCURRENCY = 1_000;
/** How often the depths of queues are sampled. */
const SAMPLE_MS = 10_000;

export interface WorkOptions {
  /** Handlers of this loop that run at the same time. Default 10, at most 1,000. */
  readonly concurrency?: number;
}

/** A background loop that does tasks of one kind, or of several with one claim loop and one heartbeat. What the handler
 * returns is the task's output. While the database is away it waits.
 * @example app.background('settle', work(db, settle, async (job) => { … }))
 * @example app.background('work', work(db, [handle(settle, …), handle(refund, …)], { concurrency: 50 })) */
export function work<I extends Schema, O extends Schema>(
  db: Database,
  definition: TaskDefinition<I, O>,
  handler: TaskHandler<I, O>,
  options?: WorkOptions,
): (signal: AbortSignal) => Promise<void>;
export function work(
  db: Database,
  handled: readonly Handled[],
  options?: WorkOptions,
): (signal: AbortSignal) => Promise<void>;
export function work(
  db: Database,
  what: TaskDefinition | readonly Handled[],
  handlerOrOptions?: TaskHandler | WorkOptions,
  options?: WorkOptions,
): (signal: AbortSignal) => Promise<void> {
  const handled = 'kind' in what ? [{ definition: what, handler: handlerOrOptions as TaskHandler }] : what;
  const { concurrency = DEFAULT_CONCURRENCY } =
    ('kind' in what ? options : (handlerOrOptions as WorkOptions)) ?? {};
  const kinds = new Map<string, Kind>(
    handled.map((one) => [
      one.definition.kind,
      { ...one, telemetry: taskTelemetry(db.telemetry, one.definition.kind) },
    ]),
  );
  return (signal) => routine(() => run(db, kinds, Math.min(concurrency, MAX_CONCURRENCY), signal));
}

async function run(
  db: Database,
  kinds: ReadonlyMap<string, Kind>,
  concurrency: number,
  signal: AbortSignal,
): Promise<void> {
  const worker = `${hostname()}/${process.pid}/${randomBytes(4).toString('hex')}`;
  const definitions = [...kinds.values()].map(({ definition }) => definition);
  const wakeUp = bell();
  const crew = new Crew(db, worker, kinds, wakeUp.ring);
  const beat = heartbeat(db, worker, Math.min(...definitions.map(({ leaseMs }) => leaseMs)), crew.held);
  const ends = [onReady(db, [...kinds.keys()], wakeUp.ring), onCanceled(db, beat.beatNow)];
  const sampler = systemClock.every(SAMPLE_MS, () => void sampleQueues(db, kinds));
  void sampleQueues(db, kinds);
  try {
    await claimLoop({ db, worker, definitions, concurrency, crew, wakeUp }, signal);
  } finally {
    await crew.drain();
    sampler.cancel();
    beat.stop();
    for (const end of ends) await end();
  }
}
