/** Values of tasks as JSON of a bounded size. */
import { GoblinError } from '@goblin/core';

/** An input, an output, a signal or the result of a step as JSON, at most. */
export const MAX_TASK_BYTES = 262_144;

/** @throws PAYLOAD_TOO_LARGE */
export function jsonWithin(value: unknown, what: string): string {
  const json = JSON.stringify(value) ?? 'null';
  const size = Buffer.byteLength(json);
  if (size <= MAX_TASK_BYTES) return json;
  throw new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `${what} has ${size} bytes, and ${MAX_TASK_BYTES} at most are allowed: put the data into a table and its key into the task`,
  });
}
