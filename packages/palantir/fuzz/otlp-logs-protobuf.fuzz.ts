/** Any bytes as otlp-logs-protobuf (decoder-target.ts says what is asked). */
import { decoders } from '../src/decode/decoders.ts';
import { REQUESTS } from '../src/decode/fixtures/samples.ts';
import { runDecoder } from './decoder-target.ts';

export const name = 'otlp-logs-protobuf';

export function seeds(): Uint8Array[] {
  return [REQUESTS[name]!];
}

export function run(bytes: Uint8Array): string {
  return runDecoder(() => decoders[name], bytes);
}
