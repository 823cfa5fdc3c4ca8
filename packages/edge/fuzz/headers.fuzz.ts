/** Which headers of a stranger cross the edge: never one that the edge says itself, however it is spelt. Lines of the
 * input: the value of Connection, then a header each. */
import { answerHeaders, endToEndHeaders } from '../src/headers.ts';

export const name = 'headers';

const SAID_BY_EDGE =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-length|expect|forwarded|traceparent|tracestate|baggage|x-request-id|x-real-ip|x-forwarded-.*|goblin-.*)$/;

export function seeds(): Uint8Array[] {
  return [
    'keep-alive\nAccept: */*\nX-Forwarded-For: 1.2.3.4\nX_Forwarded_Proto: https',
    'close, X-Secret\nX-Secret: 1\nGoblin-Tenant: acme\ntransfer-encoding: chunked',
    '\nTraceparent: 00-1-2-01\nCookie: a=b',
  ].map((text) => Buffer.from(text));
}

export function run(bytes: Uint8Array): string {
  const [connection = '', ...lines] = Buffer.from(bytes).toString('latin1').split('\n');
  const raw = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1)];
  });
  const kept = endToEndHeaders(raw, connection === '' ? undefined : connection);
  if (kept.length % 2 !== 0 || kept.length > raw.length)
    throw new Error(`${raw.length} became ${kept.length}`);
  const named = connection === '' ? [] : connection.split(',').map((header) => header.trim().toLowerCase());
  for (let i = 0; i < kept.length; i += 2) {
    const header = kept[i]!;
    if (SAID_BY_EDGE.test(header.replaceAll('_', '-')) || named.includes(header))
      throw new Error(`${header} crosses the edge`);
  }
  const answer: Record<string, string> = {};
  for (let i = 0; i < raw.length; i += 2) answer[raw[i]!.toLowerCase()] = raw[i + 1]!;
  answerHeaders({ ...answer, connection });
  return `${Math.min(4, kept.length / 2)} of ${Math.min(4, raw.length / 2)}`;
}
