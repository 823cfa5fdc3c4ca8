/** What a request asks for: refused by MALFORMED_REQUEST, or read into a path that is read the same again, so that nobody
 * behind the edge can find another path in it. Lines of the input: target, Host, other headers. */
import type { IncomingMessage } from 'node:http';
import { GoblinError } from '@goblin/core';
import { normalPath, type RequestTarget, requestTarget } from '../src/request-target.ts';

export const name = 'request-target';

export function seeds(): Uint8Array[] {
  return [
    '/payments/42?full=1\nshop.example:8080',
    '/%6Cogin/caf%C3%A9\n[::1]:443',
    'http://shop.example/a?b\nother.example.',
    '*\nshop.example',
    '/\n',
    '/a\nx\nHost: y',
  ].map((text) => Buffer.from(text));
}

export function run(bytes: Uint8Array): string {
  // node:http lets no others through.
  const [url = '', host = '', ...more] = Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^\x21-\xff\n]/g, '')
    .split('\n');
  const headers = host === '' ? {} : { host };
  const rawHeaders = [...(host === '' ? [] : ['Host', host]), ...more.flatMap((line) => line.split(':', 2))];
  const request = { url, headers, rawHeaders, httpVersion: host === '' ? '1.0' : '1.1' } as unknown;
  let target: RequestTarget;
  try {
    target = requestTarget(request as IncomingMessage);
  } catch (error) {
    if (error instanceof GoblinError && error.code === 'MALFORMED_REQUEST') return error.message;
    throw error;
  }
  const { path, pathAndQuery } = target;
  if (!path.startsWith('/') || !pathAndQuery.startsWith('/')) throw new Error(`${path} of ${pathAndQuery}`);
  const again = normalPath(path);
  if (again !== path) throw new Error(`${path} is read again as ${again}`);
  const resolved = new URL(`http://behind${path}`).pathname;
  if (depthOf(resolved) !== depthOf(path)) throw new Error(`${path} may be read as ${resolved}`);
  return `${path === pathAndQuery ? 'same' : 'other'} ${target.host === host}`;
}

function depthOf(path: string): number {
  return path.split('/').length;
}
