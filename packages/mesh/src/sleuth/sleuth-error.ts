/** The errors of Sleuth as ours: the code of the registry says what it is, `data.sleuth` has Sleuth's own number, for
 * who knows those by heart (https://github.com/ursiform/sleuth, error.go). */
import { type ErrorCode, GoblinError } from '@goblin/core';

const CODES = {
  /** The scheme is not `sleuth:`. */
  916: 'INVALID_INPUT',
  /** What came back cannot be read. */
  917: 'BAD_ANSWER',
  /** Unknown service. */
  919: 'NO_PEER',
  /** Timed out. */
  920: 'DEADLINE_EXCEEDED',
  /** The request could not be sent. */
  929: 'CONNECTION_FAILED',
  /** The client is closed. */
  935: 'UNAVAILABLE',
} as const satisfies Record<number, ErrorCode>;

export type SleuthCode = keyof typeof CODES;

/** @param message what went wrong and what to do about it */
export function sleuthError(
  code: SleuthCode,
  message: string,
  data: Readonly<Record<string, unknown>> = {},
): GoblinError {
  return new GoblinError(CODES[code], { message, data: { sleuth: code, ...data } });
}
