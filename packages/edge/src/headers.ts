/** Which headers cross the edge. Headers of one connection (RFC 9110 section 7.6.1) stay on it, with those that
 * Connection names. What only the inside may say (who is calling, for whom, in which trace) is taken off what
 * strangers send and said anew. Names with underscores that would turn into one of these in CGI-like servers
 * (`X_Forwarded_For`) are taken off too. Trailers and `Forwarded` (RFC 7239) are not carried. */
import type { IncomingHttpHeaders } from 'node:http';

/** What belongs to one connection. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Said anew by the edge for each request. Content-Length follows from the body. */
const SAID_BY_EDGE = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'expect',
  'forwarded',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'x-original-url',
  'x-original-host',
  'x-rewrite-url',
]);

const INTERNAL_PREFIX = 'goblin-';
const FORWARDED_PREFIX = 'x-forwarded-';

function isSaidByEdge(name: string): boolean {
  return SAID_BY_EDGE.has(name) || name.startsWith(INTERNAL_PREFIX) || name.startsWith(FORWARDED_PREFIX);
}

/** The client's own headers that may go to a peer, as a flat list of names and values.
 * @param raw `rawHeaders` of the request. */
export function endToEndHeaders(raw: readonly string[], connection: string | undefined): string[] {
  const named = connection === undefined ? undefined : namedBy(connection);
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (isSaidByEdge(name) || named?.has(name)) continue;
    if (name.includes('_') && isSaidByEdge(name.replaceAll('_', '-'))) continue;
    kept.push(name, raw[i + 1]!);
  }
  return kept;
}

/** The headers of a peer's answer that may go to the client, as a flat list of names and values. */
export function answerHeaders(headers: IncomingHttpHeaders): string[] {
  const named = headers.connection === undefined ? undefined : namedBy(headers.connection);
  const kept: string[] = [];
  for (const name in headers) {
    if (
      HOP_BY_HOP.has(name) ||
      name.startsWith(INTERNAL_PREFIX) ||
      name === 'x-request-id' ||
      named?.has(name)
    )
      continue;
    const value = headers[name]!;
    if (typeof value === 'string') kept.push(name, value);
    else for (const one of value) kept.push(name, one);
  }
  return kept;
}

/** What `Connection: close, x-secret` names. Undefined where it names only what is taken off anyway. */
function namedBy(connection: string): Set<string> | undefined {
  if (connection === 'keep-alive' || connection === 'close') return undefined;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}
