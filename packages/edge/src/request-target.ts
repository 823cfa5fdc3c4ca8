/** What a request asks for, read so that no other reader of the same bytes can understand something else. Hosts are
 * compared without case and port. Paths are matched with needless percent-encoding undone (`/%6Cogin` is
 * `/login`, RFC 3986 section 6.2.2.2), so that spelling differently does not lead past a limit; they are passed on as
 * they came. Dot segments, backslashes, NUL and a `%` that encodes nothing (`/%2%65%2%65/` turns into dots when it is
 * decoded twice) are refused: clients resolve `..` before they send. */
import type { IncomingMessage } from 'node:http';
import { GoblinError } from '@goblin/core';

export interface RequestTarget {
  /** The Host header as it came; undefined in HTTP/1.0 without one. */
  readonly hostHeader: string | undefined;
  /** Lower case, without port. Empty when there is none. */
  readonly host: string;
  /** With query, as it is sent on. */
  readonly pathAndQuery: string;
  /** Without query, to be matched and logged. */
  readonly path: string;
}

/** `Host` as RFC 3986 writes an authority without user. */
const AUTHORITY = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+,;=-]+)(?::\d{1,5})?$/i;
const ABSOLUTE = /^https?:\/\/([^/?#]+)([^#]*)$/i;
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:$|\/)/;
const AMBIGUOUS = /\\|%(?:00|5c|(?![0-9a-f]{2}))/i;

/** @throws MALFORMED_REQUEST */
export function requestTarget(request: IncomingMessage): RequestTarget {
  let url = request.url ?? '';
  let hostHeader = request.headers.host;
  if (hostCount(request.rawHeaders) > 1) throw malformed('a request has one Host header');
  if (hostHeader === undefined && request.httpVersion !== '1.0')
    throw malformed('the Host header is missing');
  if (hostHeader !== undefined && !AUTHORITY.test(hostHeader))
    throw malformed('the Host header is not a host name');
  if (!url.startsWith('/')) {
    const absolute = ABSOLUTE.exec(url);
    if (!absolute || !AUTHORITY.test(absolute[1]!)) throw malformed('the request target is not a path');
    hostHeader = absolute[1]!;
    url = absolute[2]!.startsWith('/') ? absolute[2]! : `/${absolute[2]!}`;
  }
  if (url.includes('#')) throw malformed('the request target has a fragment');
  const query = url.indexOf('?');
  const path = normalPath(query < 0 ? url : url.slice(0, query));
  return { hostHeader, host: hostName(hostHeader), pathAndQuery: url, path };
}

/** The path with percent-encoded unreserved characters decoded. @throws MALFORMED_REQUEST when it is ambiguous. */
export function normalPath(path: string): string {
  if (AMBIGUOUS.test(path))
    throw malformed('the path has characters that are read differently by different servers');
  const normal = path.includes('%') ? path.replace(/%[0-9a-f]{2}/gi, decodeUnreserved) : path;
  if (DOT_SEGMENT.test(normal)) throw malformed('the path has dot segments; resolve them before sending');
  return normal;
}

function decodeUnreserved(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return /[\w.~-]/.test(character) ? character : escaped.toUpperCase();
}

function hostCount(raw: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < raw.length; i += 2)
    if (raw[i]!.length === 4 && raw[i]!.toLowerCase() === 'host') count++;
  return count;
}

function hostName(header: string | undefined): string {
  if (header === undefined) return '';
  const name = header.replace(/:\d{1,5}$/, '').toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function malformed(message: string): GoblinError {
  return new GoblinError('MALFORMED_REQUEST', { message });
}
