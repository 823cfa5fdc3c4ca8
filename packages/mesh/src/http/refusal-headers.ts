/** What an answer says in its head about work that was refused: when to come again (RFC 9110, 10.2.3), and that nothing
 * of it was begun, so that whoever stands between may send it elsewhere although it is not idempotent. */
import type { GoblinError } from '@goblin/core';
import type { RawHeaders } from './answer.ts';

/** `1` when the request was surely not begun. For peers: the edge does not pass it on, and a handler cannot say it. */
export const NOT_STARTED_HEADER = 'goblin-not-started';

export function refusalHeaders({ data }: GoblinError): RawHeaders {
  const headers: string[] = [];
  if (typeof data?.retryAfterMs === 'number')
    headers.push('retry-after', String(Math.max(1, Math.ceil(data.retryAfterMs / 1_000))));
  if (data?.started === false) headers.push(NOT_STARTED_HEADER, '1');
  return headers;
}
