/** One claim of a task, from its first attempt in this process until it has ended, waits, or is somebody else's. */
import {
  context,
  GoblinError,
  isGoblinError,
  openScope,
  parse,
  parseTrace,
  rootContext,
  sleep,
  systemClock,
  untilCancelled,
} from '@goblin/core';
import type { Database } from '../database/database.ts';
import { jobOf, outputJson } from './durable-job.ts';
import type { Finisher } from './finisher.ts';
import type { TaskHandler } from './handler.ts';
import type { HeldTask } from './held-task.ts';
import { isHot, mayRetry, pauseMs } from './retry.ts';
import { buryTask, type Failure, noteFailure, retryTask } from './task-table.ts';
import { wakeWorkers } from './wake-up.ts';

const MAX_MESSAGE = 2_000;

export interface Attempt {
  readonly db: Database;
  readonly task: HeldTask;
  readonly handler: TaskHandler;
  readonly finisher: Finisher;
  isStopping(): boolean;
  /** The handler is done, though the task may not have ended yet. */
  handlerEnded(): void;
}

/** Never rejects. */
export async function attempt(work: Attempt): Promise<void> {
  const { db, task, finisher } = work;
  try {
    const result = await runUntilItEnds(work);
    work.handlerEnded();
    if (task.parked !== undefined) task.telemetry.ended('parked');
    else if (result && !task.finished && !task.lost) await finisher.finish(task, result.output);
    if (task.finished) task.telemetry.ended('done');
    else if (task.lost && !work.isStopping()) task.telemetry.ended('lost');
  } catch (error) {
    // The lease runs out, and the task is tried again.
    db.telemetry.log.warn(
      { err: error, kind: task.definition.kind, task: task.id },
      'what became of a task could not be written down',
    );
    task.lose();
    work.handlerEnded();
    task.telemetry.ended('lost');
  }
}

interface Result {
  /** JSON. */
  readonly output: string | undefined;
}

/** Answers what the handler returned; undefined when the task is not to be finished. */
async function runUntilItEnds(work: Attempt): Promise<Result | undefined> {
  const { db, task } = work;
  const { definition, row } = task;
  const { retry, leaseMs } = definition;
  // Its worker vanished in the last attempt.
  if (task.attempt > retry.attempts) {
    await bury(db, task, {
      code: 'TASK_LOST',
      message: `its workers vanished: attempt ${retry.attempts} was the last one`,
    });
    return undefined;
  }
  const startedMs = systemClock.now();
  for (;;) {
    try {
      return await runOnce(work);
    } catch (error) {
      if (task.parked !== undefined || task.lost || task.finished) return undefined;
      const { hopeless } = task;
      const failure = failureOf(hopeless ?? error);
      const ageMs = row.age_ms + systemClock.now() - startedMs;
      const { log } = db.telemetry;
      const about = { err: error, kind: definition.kind, task: task.id, attempt: task.attempt };
      if (hopeless || error instanceof BadInput || !mayRetry(retry, task.attempt, ageMs)) {
        log.error(about, `the task ${definition.kind} ${task.id} is dead: ${failure.message}`);
        await bury(db, task, failure);
        return undefined;
      }
      log.warn(about, `the task ${definition.kind} ${task.id} failed and is tried again`);
      task.telemetry.ended('retried');
      const pause = pauseMs(retry, task.attempt, Math.random());
      // A rate counts starts, so with one each of them goes through the table.
      if (definition.lanes.everyMs !== undefined || !isHot(pause, leaseMs)) {
        task.released = await retryTask(db, task, pause, failure);
        if (!task.released) task.lose();
        return undefined;
      }
      if (!(await noteFailure(db, task, failure))) {
        task.lose();
        return undefined;
      }
      task.attempt++;
      // Signals may have come as well.
      task.stepped = true;
      await sleep(pause, task.cancellation.signal).catch(() => {});
      if (task.lost) return undefined;
    }
  }
}

/** What was enqueued does not fit the schema: trying again cannot help. */
class BadInput extends GoblinError {}

async function runOnce({ db, task, handler }: Attempt): Promise<Result> {
  const { definition, row } = task;
  const span = db.telemetry.tracer.start(`task ${definition.kind}`, {
    kind: 'consumer',
    parent: parseTrace(row.traceparent) ?? null,
  });
  const startedMs = systemClock.now();
  const scope = openScope(
    {
      ...rootContext,
      trace: span.context,
      tenant: row.tenant ?? undefined,
      cancellation: task.cancellation,
    },
    startedMs + definition.timeoutMs,
  );
  const { cancellation } = scope.values;
  try {
    return await context.enter(scope.values, async () => {
      const input = await parseInput(task);
      const job = jobOf(db, task, definition, input, cancellation);
      const output = await untilCancelled(cancellation, handler(job));
      if (task.hopeless) throw task.hopeless;
      return {
        output: task.finished || task.parked !== undefined ? undefined : await outputJson(definition, output),
      };
    });
  } catch (error) {
    if (task.parked === undefined) span.fail(error);
    // What is still under way below has nobody to be for.
    cancellation.cancel(error);
    throw error;
  } finally {
    scope.close();
    span.end();
    task.telemetry.runs.record((systemClock.now() - startedMs) / 1_000, span.context);
  }
}

async function parseInput({ definition, row }: HeldTask): Promise<unknown> {
  try {
    return await parse(
      definition.input,
      row.input,
      'INVALID_INPUT',
      `the input of ${definition.kind} ${row.id}`,
    );
  } catch (error) {
    const { code, message, data } = failureError(error);
    throw new BadInput(code, { message, ...(data && { data }), cause: error });
  }
}

async function bury(db: Database, task: HeldTask, failure: Failure): Promise<void> {
  const { done, woken } = await buryTask(db, task, failure);
  if (done) task.telemetry.ended('dead');
  else task.lose();
  wakeWorkers(db, woken);
}

function failureError(error: unknown): GoblinError {
  return isGoblinError(error)
    ? error
    : new GoblinError('INTERNAL', { message: String((error as Error)?.message ?? error) });
}

function failureOf(error: unknown): Failure {
  const { code, message } = failureError(error);
  return { code, message: message.slice(0, MAX_MESSAGE) };
}
