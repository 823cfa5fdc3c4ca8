/** How the edge says what went wrong: RFC 9457 problem details with the code, and the request and trace id by which
 * its log line is found. What a stranger is told of a failure inside is the meaning of its code, never an address. */
import { errorEntry, type GoblinError } from '@goblin/core';

export const PROBLEM_TYPE = 'application/problem+json';

export interface ProblemIds {
  readonly requestId?: string | undefined;
  readonly traceId?: string | undefined;
}

export interface Problem {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

/** Tells clients when to come back after a failure that passes by itself. */
const RETRY_AFTER_SECONDS = 1;
const UNAVAILABLE = 503;

export function problem(error: GoblinError, ids: ProblemIds, status = error.status): Problem {
  const detail = status < 500 ? error.message : errorEntry(error.code).meaning;
  const body = JSON.stringify({
    type: 'about:blank',
    title: error.code,
    status,
    detail,
    code: error.code,
    ...ids,
  });
  const headers = [
    'content-type',
    PROBLEM_TYPE,
    'content-length',
    String(Buffer.byteLength(body)),
    'cache-control',
    'no-store',
  ];
  if (status === UNAVAILABLE) headers.push('retry-after', String(RETRY_AFTER_SECONDS));
  return { status, headers, body };
}
