/** What undici's errors mean for a call: whether the peer may have begun it, and whether what came was an answer. */
import { GoblinError } from '@goblin/core';

/** Nothing of the request was written / it was written but no answer began / the answer began and broke off. */
export type Progress = 'unsent' | 'sent' | 'answering';

/** undici's codes for bytes that are no answer; what it could not parse at all is an HTTPParserError. */
const NOT_AN_ANSWER = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
]);

/** CONNECTION_FAILED, with `data.started` false when the peer surely never began, true when it surely did;
 * BAD_ANSWER; or INTERNAL for what cannot be written. */
export function connectionFailure(error: Error, address: string, progress: Progress): GoblinError {
  const { code = '' } = error as { code?: string };
  if (error.name === 'HTTPParserError' || NOT_AN_ANSWER.has(code))
    return badAnswer(address, error.message, error);
  if (code === 'UND_ERR_INVALID_ARG')
    return new GoblinError('INTERNAL', {
      message: `the call cannot be written as HTTP: ${error.message}`,
      cause: error,
    });
  const reason = error.message || code;
  if (progress === 'unsent') {
    return new GoblinError('CONNECTION_FAILED', {
      message: `${address} cannot be reached: ${reason}`,
      data: { started: false },
      cause: error,
    });
  }
  return new GoblinError('CONNECTION_FAILED', {
    message: `the connection to ${address} failed ${progress === 'sent' ? 'before the answer' : 'within the answer'}: ${reason}`,
    ...(progress === 'answering' && { data: { started: true } }),
    cause: error,
  });
}

export function badAnswer(address: string, what: string, cause?: unknown): GoblinError {
  return new GoblinError('BAD_ANSWER', {
    message: `${address} answered with something that is not an answer: ${what}`,
    ...(cause !== undefined && { cause }),
  });
}

export function answerTooLarge(address: string, maxBytes: number): GoblinError {
  return badAnswer(address, `it is larger than ${maxBytes} bytes (maxAnswerBytes)`);
}
