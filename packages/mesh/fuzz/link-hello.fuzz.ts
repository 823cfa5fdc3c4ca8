/** The hello of a link: refused as a breach of the protocol, or read into what would be read the same again. */

import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_LIMITS, type Hello, helloOf, parseHello } from '../src/link/hello.ts';
import { LinkViolation } from '../src/link/violation.ts';

export const name = 'link-hello';

export function seeds(): Uint8Array[] {
  return [helloOf('tax-1', DEFAULT_LIMITS), helloOf('', { ...DEFAULT_LIMITS, maxCalls: 1 })].map((hello) =>
    Buffer.from(JSON.stringify(hello)),
  );
}

export function run(bytes: Uint8Array): string {
  let hello: Hello;
  try {
    hello = parseHello(Buffer.from(bytes).toString());
  } catch (error) {
    if (error instanceof LinkViolation) return error.message;
    throw error;
  }
  const again = parseHello(JSON.stringify(hello));
  if (!isDeepStrictEqual(again, hello)) throw new Error(`read again it is ${JSON.stringify(again)}`);
  return 'read';
}
