/** What a handler is given. The durable parts (`step`, `sleep`, `waitFor`, `spawn`, `waitAll`) are remembered in the task, under
 * names and in the order in which the handler reaches them. A task that waits gives up its worker: the call
 * throws, which ends the handler, and when the time has come the handler runs again from its start, where what is
 * remembered is not done again. So a handler must reach these calls in the same order each time, and what stands
 * between them may run more than once. */
import type { Duration, ErrorCode, Schema, SchemaInput, SchemaOutput } from '@goblin/core';
import type { Transaction } from '../database/transaction.ts';
import type { Children } from './children.ts';
import type { TaskDefinition, TaskRequest } from './task.ts';

export interface Job<I extends Schema = Schema, O extends Schema = Schema> {
  readonly id: number;
  readonly key: string | undefined;
  readonly input: SchemaOutput<I>;
  /** 1 at first. It begins anew after each wait. */
  readonly attempt: number;
  /** Grows with each claim: for stores that can refuse a writer that was overtaken. */
  readonly fence: number;
  /** Aborted when the lease is lost, the task is canceled, its time is up or the process stops. */
  readonly signal: AbortSignal;
  /** Shows how far it is, from 0 to 1; written once a second at most. */
  progress(fraction: number, note?: string): void;
  /** Does something once and remembers its result as JSON. When the process dies inside, it is done again, so give what is
   * outside of the database an idempotency key, such as `${job.id}/charge`.
   * @throws TASK_LOST; PAYLOAD_TOO_LARGE above 256 kB; INVALID_INPUT when the name was used before in this run */
  step<T>(name: string, work: () => T | Promise<T>): Promise<T>;
  /** Waits without holding a process, for days if need be. */
  sleep(duration: Duration): Promise<void>;
  /** Waits for `signal(…, name, payload)`, without holding a process; undefined when the timeout was first. */
  waitFor<T = unknown>(name: string, options?: { readonly timeout?: Duration }): Promise<T | undefined>;
  /** Adds children, once. They are canceled with this task. Up to 10,000. */
  spawn<CI extends Schema, CO extends Schema>(
    child: TaskDefinition<CI, CO>,
    requests: readonly Omit<TaskRequest<CI>, 'key'>[],
  ): Promise<Children<CO>>;
  /** Waits until all children of this task are done, without holding a process, and answers the outputs of these.
   * @throws FAILED_PRECONDITION naming those that are dead or canceled */
  waitAll<CO extends Schema>(children: Children<CO>): Promise<SchemaOutput<CO>[]>;
  /** Ends the task with the transaction, so that its effects are there exactly once.
   * @throws TASK_LOST when another worker may have it: let the transaction roll back */
  finish(tx: Transaction, output?: SchemaInput<O>): Promise<void>;
  /** Says that no further attempt will help: the task is dead at once, with this reason, and who waits for it as a child is told.
   * It throws, which ends the handler (and rolls a transaction back); a handler that goes on all the same changes nothing about it.
   * Any other error is followed by another attempt, as `retry` says.
   * @param reason a code, or an error that was caught
   * @example const account = (await find(id)) ?? job.fail('ACCOUNT_CLOSED', `the account ${id} is closed`); */
  fail(reason: ErrorCode | (string & {}) | Error, message?: string): never;
}
