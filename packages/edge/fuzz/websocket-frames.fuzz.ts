/** Where WebSocket frames end: at the same bytes however they arrive. The first byte says how they are cut. */
import { closeFrame, FrameTracker } from '../src/websocket-frames.ts';

export const name = 'websocket-frames';

/** As many frames are as good as more. */
const MANY = 5;

export function seeds(): Uint8Array[] {
  const text = Buffer.from([0x81, 5, ...Buffer.from('hello')]);
  const masked = Buffer.from([0x81, 0x83, 1, 2, 3, 4, 5, 6, 7]);
  const long = Buffer.concat([Buffer.from([0x82, 126, 0, 200]), Buffer.alloc(200)]);
  const longer = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2]);
  return [0, 3, 90].map((cut) =>
    Buffer.concat([Buffer.from([cut]), text, masked, long, longer, closeFrame(1_000)]),
  );
}

export function run(input: Uint8Array): string {
  const bytes = Buffer.from(input.subarray(1));
  const whole = endsIn(bytes, 1);
  const inPieces = endsIn(bytes, 2 + (input[0] ?? 0));
  if (whole.join() !== inPieces.join()) throw new Error(`byte by byte ${whole}; in pieces ${inPieces}`);
  return `${Math.min(MANY, whole.length)} ${whole.at(-1) === bytes.length}`;
}

/** After which bytes frames end, when so many come at a time. */
function endsIn(bytes: Buffer, size: number): number[] {
  const tracker = new FrameTracker();
  const ends: number[] = [];
  for (let from = 0; from < bytes.length; from += size) {
    const chunk = bytes.subarray(from, from + size);
    for (let at = 0; at < chunk.length; ) {
      // At a boundary it stays there, so the first byte of a frame goes in by itself.
      if (tracker.atBoundary) tracker.advance(chunk.subarray(at, ++at));
      at += tracker.advanceToBoundary(chunk.subarray(at));
      if (tracker.atBoundary) ends.push(from + at);
    }
  }
  return ends;
}
