/** The bytes of a link cut into frames: the same however they arrive, and never more held than a frame may have. The first
 * byte says how they are cut. */
import { isDeepStrictEqual } from 'node:util';
import { FrameReader } from '../src/link/frame-reader.ts';
import { CALL, METHOD, PING, PREFACE } from '../src/link/frames.ts';
import { callBody, frame, hello } from '../src/link/testing/raw-link.ts';
import { LinkViolation } from '../src/link/violation.ts';

export const name = 'link-frames';

const MAX_LENGTH = 4_096;
/** As many frames are as good as more. */
const MANY = 5;

export function seeds(): Uint8Array[] {
  const bytes = Buffer.concat([
    PREFACE,
    hello(),
    frame(METHOD, 0, '/probe.v1/echo'),
    frame(CALL, 0, callBody('{"text":"x"}')),
    frame(PING, 7),
  ]);
  return [0, 1, 7, 200].map((cut) => Buffer.concat([Buffer.from([cut]), bytes]));
}

export function run(input: Uint8Array): string {
  const bytes = Buffer.from(input.subarray(1));
  const whole = framesOf([bytes]);
  const cut = 1 + (input[0] ?? 0);
  const pieces = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, i) =>
    bytes.subarray(i * cut, (i + 1) * cut),
  );
  const inPieces = framesOf(pieces);
  if (!isDeepStrictEqual(inPieces, whole)) throw new Error(`whole ${whole}; in pieces ${inPieces}`);
  const last = whole.at(-1) ?? '';
  return `${Math.min(whole.length, MANY)} ${/^[0-9a-f]*$/.test(last) ? '' : last.replace(/\d+/g, '')}`;
}

/** In hexadecimal, and last why no more were read. */
function framesOf(pieces: readonly Buffer[]): string[] {
  const frames: string[] = [];
  const take = (bytes: Buffer, start: number, end: number): void => {
    if (end - start > MAX_LENGTH) throw new Error(`a frame of ${end - start} bytes`);
    frames.push(bytes.toString('hex', start, end));
  };
  const reader = new FrameReader(MAX_LENGTH, take, PREFACE);
  try {
    for (const piece of pieces) reader.push(piece);
    return frames;
  } catch (error) {
    if (error instanceof LinkViolation) return [...frames, error.message];
    throw error;
  }
}
