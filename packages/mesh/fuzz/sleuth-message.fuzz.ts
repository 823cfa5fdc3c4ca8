/** What Sleuth peers send, down to Fetch: a request or an answer, or a coded refusal. The bytes are what unpacks, because
 * chance makes no valid gzip; those that begin with `!` are taken as they are. */
import { gzipSync } from 'node:zlib';
import { GoblinError } from '@goblin/core';
import { toRequest, toResponse } from '../src/sleuth/sleuth-fetch.ts';
import { decodeSleuth, encodeSleuth, MAX_PACKED_BYTES } from '../src/sleuth/sleuth-message.ts';

export const name = 'sleuth-message';

const RAW = 0x21;
const header = { 'Content-Type': ['text/plain'], 'Set-Cookie': ['a=1', 'b=2'] };
const request = { destination: 'A'.repeat(32), handle: '0', header, method: 'POST', url: '/x?y=1' };

export function seeds(): Uint8Array[] {
  return [
    JSON.stringify({ ...request, body: 'aGVsbG8=' }),
    JSON.stringify({ body: null, code: 204, handle: '0', header }),
    JSON.stringify({ body: 'aGVsbG8=', code: 200, handle: 'ff', header: {} }),
    '!not gzip',
  ].map((text) => Buffer.from(text));
}

export async function run(bytes: Uint8Array): Promise<string> {
  const kind = bytes.includes(0x64) && Buffer.from(bytes).includes('"code"') ? 'RECV' : 'REPL';
  const packed = bytes[0] === RAW ? bytes.subarray(1) : gzipSync(bytes, { level: 1 });
  try {
    const message = await decodeSleuth(Buffer.concat([Buffer.from(`SLEUTH-v1${kind}`), packed]));
    const again = await encodeSleuth(message);
    if (again.length > MAX_PACKED_BYTES) throw new Error(`${again.length} bytes are sent`);
    if (message.kind === 'response') return `response ${Math.floor(toResponse(message, 'tax').status / 100)}`;
    return `request ${toRequest(message, 'tax', new AbortController().signal).method.length}`;
  } catch (error) {
    if (error instanceof GoblinError) return error.message.replace(/".*|\d+|: .*/g, '');
    throw error;
  }
}
