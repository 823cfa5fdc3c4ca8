/** Why the answering end of a link does not do what it was asked for. */
import { GoblinError } from '@goblin/core';

/** The call was not begun, so any other instance may take it. */
export function notTaken(): GoblinError {
  const message = 'this instance is shutting down';
  return new GoblinError('UNAVAILABLE', { message, data: { started: false } });
}

/** The call was begun, and what it did until now stays done. */
export function cutShort(): GoblinError {
  return new GoblinError('UNAVAILABLE', { message: 'this instance shut down before it had an answer' });
}

export function malformedInput(error: Error): GoblinError {
  const message = `the input is not JSON: ${error.message}`;
  return new GoblinError('MALFORMED_REQUEST', { message, cause: error });
}

export function inputTooLarge(limit: number): GoblinError {
  const message = `the input is longer than ${limit} bytes (maxPayloadBytes)`;
  return new GoblinError('PAYLOAD_TOO_LARGE', { message, data: { limit } });
}

export function answerTooLarge(limit: number): GoblinError {
  const message = `the answer is longer than ${limit} bytes, which the caller takes (maxAnswerBytes)`;
  return new GoblinError('BAD_ANSWER', { message });
}

/** A caller with a newer contract asks for what is not here yet. */
export function unknownProcedure(path: string, contracts: ReadonlySet<string>): GoblinError {
  const [, contract = '', name = ''] = path.split('/', 3);
  return contracts.has(contract)
    ? new GoblinError('UNIMPLEMENTED', { message: `${contract} has no procedure ${name}` })
    : new GoblinError('NOT_FOUND', { message: `there is nothing at ${path}` });
}
