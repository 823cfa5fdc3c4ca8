/** A task is work that is done once, whatever dies meanwhile. Enqueuing writes it in the caller's transaction, so it is to be
 * done if and only if what it belongs to has happened. (kind, tenant, key) is unique: the same key again, on behalf of the same tenant or
 * again of none, is the same task, also for 7 days after it has finished. worker.ts does the tasks. */
import {
  type Duration,
  GoblinError,
  milliseconds,
  parse,
  type Schema,
  type SchemaInput,
  type SchemaOutput,
} from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { Queryable } from '../database/queryable.ts';
import type { Transaction } from '../database/transaction.ts';
import { sharedDatabase } from '../isolation/with-tenant.ts';
import { addTasks, type Enqueued, type NewTask, originHere } from './enqueue.ts';
import { addTogether } from './enqueue-together.ts';
import { jsonWithin } from './json-within.ts';
import { type LaneLimits, type LanePolicy, lanePolicy, MAX_LANE, ONLY_LANE } from './lanes.ts';
import { type TaskResult, taskResult } from './result.ts';
import { type RetryOptions, type RetryPolicy, retryPolicy } from './retry.ts';
import { signalTask } from './signal.ts';
import { wakeWorkers } from './wake-up.ts';

/** Tasks of one `enqueueMany` or `spawn`. */
export const MAX_TASKS_AT_ONCE = 10_000;
/** Priorities go from -100 to 100; the higher one comes first. */
export const MAX_PRIORITY = 100;
/** How long a ready task waits at most when nobody was woken. */
export const POLL_MS = 1_000;
const MAX_KEY = 500;
const MIN_LEASE_MS = 100;
const DEFAULT_LEASE_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 900_000;
const KIND = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;

export interface TaskOptions<I extends Schema = Schema, O extends Schema = Schema> {
  readonly input: I;
  /** What its handler answers. It is kept for 7 days: see `result`. */
  readonly output?: O;
  readonly retry?: RetryOptions;
  /** How long a worker that is not heard of keeps a task. It is extended each third of it. Default 30 s. */
  readonly lease?: Duration;
  /** How long one attempt may take. Default 15 min. */
  readonly timeout?: Duration;
  /** Tasks with the same lane share its limits, and a busy lane does not hold up the others. */
  readonly lane?: (input: SchemaOutput<I>) => string;
  /** The limits of each lane. Without `lane`, of the kind as a whole. */
  readonly lanes?: LaneLimits;
  /** From -100 to 100, higher first. Default 0. */
  readonly priority?: number;
}

export interface TaskRequest<I extends Schema = Schema> {
  readonly input: SchemaInput<I>;
  /** What makes it this task and no other, within its kind and the tenant of the context. Default: none, or a new one where the task has an output. */
  readonly key?: string;
  /** When it becomes ready: after a while, or at a time. Default: at once. */
  readonly delay?: Duration;
  readonly at?: Date;
  readonly priority?: number;
}

export interface TaskDefinition<I extends Schema = Schema, O extends Schema = Schema> {
  /** `payments.settle` */
  readonly kind: string;
  readonly input: I;
  readonly output: O | undefined;
  readonly retry: RetryPolicy;
  readonly leaseMs: number;
  readonly timeoutMs: number;
  readonly lanes: LanePolicy;
  /** Adds a task with the transaction, or at once where it is given the database; what many callers add at once goes
   * together (enqueue-together.ts).
   * @throws INVALID_INPUT when the input does not fit, PAYLOAD_TOO_LARGE above 256 kB */
  enqueue(at: Transaction | Database, request: TaskRequest<I>): Promise<Enqueued>;
  /** The same for up to 10,000 in one statement. The answers stand in the order of the requests. */
  enqueueMany(at: Transaction | Database, requests: readonly TaskRequest<I>[]): Promise<Enqueued[]>;
  /** Tells the task with this key, of the tenant of the context (or with this id, a number), something that it waits for, or will; the first of a name counts.
   * False: it is not there any more, it knows already, or it has got 1,000 signals.
   * @throws PAYLOAD_TOO_LARGE above 256 kB */
  signal(
    at: Transaction | Database,
    task: string | number,
    name: string,
    payload?: unknown,
  ): Promise<boolean>;
  /** What became of the task with this key, of the tenant of the context; undefined when there is none, or it finished more
   * than 7 days ago. */
  result(at: Queryable, key: string): Promise<TaskResult<SchemaOutput<O>> | undefined>;
  /** For handlers that spawn children. */
  prepare(requests: readonly TaskRequest<I>[]): Promise<NewTask[]>;
}

/** @example export const settle = task('payments.settle', { input: z.object({ payment: z.string() }) });
 * @throws INVALID_INPUT when the name is not of the form `<service>.<work>`, or an option is out of range */
export function task<I extends Schema, O extends Schema = Schema>(
  kind: string,
  options: TaskOptions<I, O>,
): TaskDefinition<I, O> {
  if (!KIND.test(kind))
    throw invalid(
      `${JSON.stringify(kind)} is not the name of a task: write <service>.<work>, such as payments.settle`,
    );
  const leaseMs = options.lease === undefined ? DEFAULT_LEASE_MS : milliseconds(options.lease);
  if (leaseMs < MIN_LEASE_MS)
    throw invalid(`the lease of ${kind} is ${leaseMs} ms: it must be ${MIN_LEASE_MS} ms at least`);
  const priority = options.priority ?? 0;
  checkPriority(kind, priority);

  async function prepareOne(request: TaskRequest<I>): Promise<NewTask> {
    const input = await parse(options.input, request.input, 'INVALID_INPUT', `the input of ${kind}`);
    if (request.priority !== undefined) checkPriority(kind, request.priority);
    const key = request.key ?? (options.output ? crypto.randomUUID() : undefined);
    checkText(kind, 'key', key, MAX_KEY);
    if (Number.isNaN(request.at?.getTime()))
      throw invalid(`the time at which a task ${kind} is to become ready is no date`);
    const lane = options.lane ? options.lane(input) : options.lanes ? ONLY_LANE : undefined;
    checkText(kind, 'lane', lane, MAX_LANE);
    return {
      kind,
      ...originHere(),
      key,
      input: jsonWithin(request.input, `the input of ${kind}`),
      delayMs: request.delay === undefined ? 0 : milliseconds(request.delay),
      at: request.at,
      rank: -(request.priority ?? priority),
      lane: lane ?? '',
    };
  }

  async function prepare(requests: readonly TaskRequest<I>[]): Promise<NewTask[]> {
    if (requests.length > MAX_TASKS_AT_ONCE)
      throw invalid(
        `${requests.length} tasks of ${kind} at once are too many: give ${MAX_TASKS_AT_ONCE} at most`,
      );
    const prepared: NewTask[] = [];
    for (const request of requests) prepared.push(await prepareOne(request));
    return prepared;
  }

  async function enqueueMany(
    at: Transaction | Database,
    requests: readonly TaskRequest<I>[],
  ): Promise<Enqueued[]> {
    if (requests.length === 0) return [];
    const tasks = await prepare(requests);
    const place = placeOf(at);
    const enqueued = await addTasks(place, tasks);
    wakeFor(place, tasks);
    return enqueued;
  }

  async function enqueue(at: Transaction | Database, request: TaskRequest<I>): Promise<Enqueued> {
    const prepared = await prepareOne(request);
    const place = placeOf(at);
    const enqueued =
      'afterCommit' in place ? (await addTasks(place, [prepared]))[0]! : await addTogether(place, prepared);
    wakeFor(place, [prepared]);
    return enqueued;
  }

  return {
    kind,
    input: options.input,
    output: options.output,
    retry: retryPolicy(options.retry),
    leaseMs,
    timeoutMs: options.timeout === undefined ? DEFAULT_TIMEOUT_MS : milliseconds(options.timeout),
    lanes: lanePolicy(options.lanes),
    enqueue,
    enqueueMany,
    prepare,
    signal: (at, which, name, payload) => signalTask(at, kind, which, name, payload),
    result: (at, key) => taskResult(at, kind, key, options.output),
  };
}

/** Tasks of all tenants are in tables that are not isolated. */
function placeOf(at: Transaction | Database): Transaction | Database {
  return 'afterCommit' in at ? at : sharedDatabase(at);
}

/** Who waits must know of what falls due before it looks again by itself. */
function wakeFor(at: Transaction | Database, tasks: readonly NewTask[]): void {
  if (tasks.some(({ delayMs, at: time }) => delayMs < POLL_MS || time)) wakeWorkers(at, [tasks[0]!.kind]);
}

function checkPriority(kind: string, priority: number): void {
  if (Number.isInteger(priority) && Math.abs(priority) <= MAX_PRIORITY) return;
  throw invalid(
    `the priority of ${kind} is a whole number from -${MAX_PRIORITY} to ${MAX_PRIORITY}, not ${priority}`,
  );
}

function checkText(kind: string, what: string, text: string | undefined, max: number): void {
  if (text === undefined || (text.length > 0 && text.length <= max && !text.includes('\0'))) return;
  throw invalid(
    `the ${what} of a task ${kind} is a text of 1 to ${max} characters, not ${JSON.stringify(text.slice(0, 50))}`,
  );
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}
