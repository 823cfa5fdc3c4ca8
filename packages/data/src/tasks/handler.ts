/** Who does the tasks of a kind. */
import type { Schema, SchemaInput } from '@goblin/core';
import type { Job } from './job.ts';
import type { TaskDefinition } from './task.ts';

export type TaskHandler<I extends Schema = Schema, O extends Schema = Schema> = (
  job: Job<I, O>,
) => Promise<SchemaInput<O> | void>;

/** A kind of task and who does it: see `work`. */
export interface Handled {
  readonly definition: TaskDefinition;
  readonly handler: TaskHandler;
}

/** For `work` with several kinds. */
export function handle<I extends Schema, O extends Schema>(
  definition: TaskDefinition<I, O>,
  handler: TaskHandler<I, O>,
): Handled {
  return { definition, handler } as unknown as Handled;
}
