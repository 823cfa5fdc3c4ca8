/** Any bytes as statsd (decoder-target.ts says what is asked). */

import { REQUESTS } from '../src/decode/fixtures/samples.ts';
import { statsdDecoder } from '../src/decode/statsd.ts';
import { runDecoder } from './decoder-target.ts';

export const name = 'statsd';

export function seeds(): Uint8Array[] {
  return [REQUESTS[name]!];
}

export function run(bytes: Uint8Array): string {
  return runDecoder(statsdDecoder, bytes);
}
