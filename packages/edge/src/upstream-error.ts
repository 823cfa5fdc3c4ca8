/** What undici's failures mean to whoever asked: the request was wrong, the answer was, or the connection failed. */
import { GoblinError } from '@goblin/core';

const BAD_REQUESTS = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED']);
const BAD_ANSWERS = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
]);

/** @param started whether anything was sent. */
export function upstreamError(cause: Error & { code?: string }, started: boolean, peer: string): GoblinError {
  if (cause instanceof GoblinError) return cause;
  const reason = cause.code ?? cause.message;
  if (BAD_REQUESTS.has(reason)) {
    return new GoblinError('MALFORMED_REQUEST', {
      message: `the request cannot be passed on: ${cause.message}`,
      cause,
    });
  }
  if (BAD_ANSWERS.has(reason) || cause.name === 'HTTPParserError') {
    return new GoblinError('BAD_ANSWER', {
      message: `${peer} answered with something that is not HTTP: ${reason}`,
      cause,
    });
  }
  return new GoblinError('CONNECTION_FAILED', {
    message: `the connection to ${peer} failed: ${reason}`,
    data: { started },
    cause,
  });
}
