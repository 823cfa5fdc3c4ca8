/** What Slack's API answers: 200, whatever it thinks of a request. */
import { type ErrorCode, GoblinError } from '@goblin/core';
import { shown } from '../http-post.ts';

export type SlackAnswer = Readonly<Record<string, unknown>>;

/** Slack is at fault, or wants it slower. */
const PASSING: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);
/** The message is at fault. */
const REFUSED: ReadonlySet<string> = new Set([
  'msg_too_long',
  'no_text',
  'invalid_arguments',
  'invalid_json',
  'msg_blocks_too_long',
]);

/** @throws INVALID_INPUT, FAILED_PRECONDITION and UNAVAILABLE as Notifier.send says, and BAD_ANSWER */
export function slackAnswer(text: string): SlackAnswer {
  let answer: SlackAnswer;
  try {
    answer = JSON.parse(text) as SlackAnswer;
  } catch {
    throw new GoblinError('BAD_ANSWER', { message: `it answers what is not JSON: ${shown(text)}` });
  }
  if (answer?.ok === true) return answer;
  const error = typeof answer?.error === 'string' ? answer.error : 'no reason';
  throw new GoblinError(codeOf(error), { message: `Slack refuses it: ${shown(error)}` });
}

function codeOf(error: string): ErrorCode {
  if (PASSING.has(error)) return 'UNAVAILABLE';
  return REFUSED.has(error) ? 'INVALID_INPUT' : 'FAILED_PRECONDITION';
}
