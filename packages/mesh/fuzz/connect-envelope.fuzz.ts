/** The envelopes of a Connect stream: the same however they arrive, and what is too long or compressed is refused before it
 * is kept. The first byte says how the bytes are cut. */
import { isDeepStrictEqual } from 'node:util';
import { GoblinError } from '@goblin/core';
import { END, EnvelopeReader, encodeEnvelope } from '../src/http/connect-envelope.ts';

export const name = 'connect-envelope';

const MAX_BYTES = 1_000;
const REFUSALS: ReadonlySet<string> = new Set(['PAYLOAD_TOO_LARGE', 'MALFORMED_REQUEST']);
/** As many envelopes are as good as more. */
const MANY = 5;

export function seeds(): Uint8Array[] {
  const stream = Buffer.concat([
    encodeEnvelope(0, '{"n":1}'),
    encodeEnvelope(0, ''),
    encodeEnvelope(END, '{}'),
  ]);
  return [0, 2, 6, 100].map((cut) => Buffer.concat([Buffer.from([cut]), stream]));
}

export function run(input: Uint8Array): string {
  const bytes = Buffer.from(input.subarray(1));
  const cut = 1 + (input[0] ?? 0);
  const pieces = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, i) =>
    bytes.subarray(i * cut, (i + 1) * cut),
  );
  const whole = envelopesIn([bytes]);
  const inPieces = envelopesIn(pieces);
  if (!isDeepStrictEqual(inPieces, whole)) throw new Error(`whole ${whole}; in pieces ${inPieces}`);
  const last = whole.at(-1) ?? '';
  return `${Math.min(whole.length, MANY)} ${REFUSALS.has(last) ? last : ''}`;
}

function envelopesIn(pieces: readonly Buffer[]): string[] {
  const reader = new EnvelopeReader(MAX_BYTES);
  const envelopes: string[] = [];
  try {
    for (const piece of pieces) {
      for (const { flags, payload } of reader.push(piece))
        envelopes.push(`${flags} ${payload.toString('hex')}`);
      if (reader.held > MAX_BYTES + piece.length + 5) throw new Error(`holds ${reader.held} bytes`);
    }
    return envelopes;
  } catch (error) {
    if (error instanceof GoblinError && REFUSALS.has(error.code)) return [...envelopes, error.code];
    throw error;
  }
}
