/** Between the messages of Sleuth and Fetch: a request that came in as a Request, a Response as what goes back, and the
 * same the other way round. Header names go out as Go writes them (`Content-Type`), because Go looks for them so. */
import { GoblinError } from '@goblin/core';
import { sleuthError } from './sleuth-error.ts';
import type { SleuthHeaders, SleuthRequest, SleuthResponse } from './sleuth-message.ts';

/** Statuses whose answers have no body (Fetch, 2.2.3). */
const NULL_BODY_STATUSES = new Set([204, 205, 304]);
const MIN_STATUS = 200;
const MAX_STATUS = 599;

/** @throws MALFORMED_REQUEST for what HTTP cannot say */
export function toRequest(request: SleuthRequest, service: string, signal: AbortSignal): Request {
  const { method, url, headers, body } = request;
  if (!url.startsWith('/')) throw new GoblinError('MALFORMED_REQUEST', { message: 'the url is not a path' });
  const hasBody = method !== 'GET' && method !== 'HEAD' && body.length > 0;
  try {
    return new Request(`http://${service}${url}`, {
      method,
      headers: pairsOf(headers),
      signal,
      ...(hasBody && { body: new Uint8Array(body) }),
    });
  } catch (error) {
    throw new GoblinError('MALFORMED_REQUEST', {
      message: `this is not a request: ${(error as Error).message}`,
      cause: error,
    });
  }
}

/** @param bytes the response's body */
export function fromResponse(response: Response, bytes: Buffer, handle: string): SleuthResponse {
  return {
    kind: 'response',
    handle,
    code: response.status,
    headers: goHeaders(response.headers),
    body: bytes,
  };
}

/** @throws BAD_ANSWER (917) for what HTTP cannot say */
export function toResponse({ code, headers, body }: SleuthResponse, from: string): Response {
  if (code < MIN_STATUS || code > MAX_STATUS)
    throw sleuthError(917, `${from} answered with status ${code}, which is none of HTTP`);
  try {
    return new Response(NULL_BODY_STATUSES.has(code) || body.length === 0 ? null : new Uint8Array(body), {
      status: code,
      headers: pairsOf(headers),
    });
  } catch (error) {
    throw sleuthError(917, `${from} answered with what is not HTTP: ${(error as Error).message}`);
  }
}

/** Names as `Content-Type`, each with the list of its values. */
export function goHeaders(headers: Headers): SleuthHeaders {
  const lists: Record<string, string[]> = Object.create(null);
  for (const [name, value] of headers) {
    const key = name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
    lists[key] ??= [];
    lists[key].push(value);
  }
  return lists;
}

function pairsOf(headers: SleuthHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value]),
  );
}
