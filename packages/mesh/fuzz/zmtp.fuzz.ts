/** The bytes of a ZMTP connection: the same events however they arrive, and never more held than a message may have. The
 * first byte says how they are cut. */
import { isDeepStrictEqual } from 'node:util';
import {
  encodeGreeting,
  encodeMessage,
  encodeReady,
  ZmtpReader,
  ZmtpViolation,
} from '../src/sleuth/zmtp-codec.ts';

export const name = 'zmtp';

const LIMITS = { maxFrames: 4, maxMessageBytes: 2_048 };
/** A message, a command or a greeting, the chunk that came last, and what doubling leaves empty. */
const MAX_HELD_BYTES = 32_768;
/** As many events are as good as more. */
const MANY = 4;

export function seeds(): Uint8Array[] {
  const bytes = Buffer.concat([
    encodeGreeting(),
    encodeReady('DEALER', Buffer.from('\x01sixteen letters.')),
    encodeMessage([Buffer.from('one')]),
    Buffer.from('\x04\x05\x04PING', 'latin1'),
    encodeMessage([Buffer.from('two'), Buffer.alloc(300, 7)]),
    encodeMessage([]),
  ]);
  return [0, 1, 9, 200].map((cut) => Buffer.concat([Buffer.from([cut]), bytes]));
}

export function run(input: Uint8Array): string {
  const bytes = Buffer.from(input.subarray(1));
  const whole = eventsOf([bytes]);
  const cut = 1 + (input[0] ?? 0);
  const pieces = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, i) =>
    bytes.subarray(i * cut, (i + 1) * cut),
  );
  const inPieces = eventsOf(pieces);
  if (!isDeepStrictEqual(inPieces, whole)) throw new Error(`whole ${whole}; in pieces ${inPieces}`);
  const last = whole.at(-1) ?? '';
  return `${Math.min(whole.length, MANY)} ${last.startsWith('this is not') ? last.replace(/".*"|\d+/g, '') : ''}`;
}

/** As text, and last why no more were read. */
function eventsOf(pieces: readonly Buffer[]): string[] {
  const events: string[] = [];
  const reader = new ZmtpReader(LIMITS);
  try {
    for (const piece of pieces) {
      reader.push(piece);
      for (let event = reader.next(); event; event = reader.next()) {
        if (event.kind === 'ready') events.push(`${event.socketType} ${event.identity.toString('hex')}`);
        else events.push(event.frames.map((frame) => frame.toString('hex')).join());
      }
      if (reader.heldBytes > MAX_HELD_BYTES + piece.length) throw new Error(`${reader.heldBytes} bytes held`);
    }
    return events;
  } catch (error) {
    if (error instanceof ZmtpViolation) return [...events, error.message];
    throw error;
  }
}
