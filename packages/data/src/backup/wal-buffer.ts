/** The log between the server that sends it and the store that takes it, cut into pieces. A piece ends with its segment,
 * or when its first byte has waited `everyMs`. While one piece is put into the store, one more may fill up;
 * then the sender waits. */
import { systemClock, type Timer } from '@goblin/core';

export interface OpenPiece {
  readonly start: bigint;
  readonly end: bigint;
  /** Milliseconds since the Unix epoch. */
  readonly untilMs: number;
  readonly parts: readonly Buffer[];
}

export interface WalBuffer {
  /** Everything before it is in the store. */
  readonly storedTo: bigint;
  /** Takes what begins at `start`; waits while there is no room. */
  add(start: bigint, bytes: Buffer, untilMs: number): Promise<void>;
  /** The next piece, when it is due; undefined after the last one. */
  next(): Promise<OpenPiece | undefined>;
  /** The piece is in the store. */
  stored(piece: OpenPiece): void;
  /** Nothing more comes: what is here is due. */
  close(): void;
}

interface Filling extends OpenPiece {
  end: bigint;
  untilMs: number;
  readonly parts: Buffer[];
  isDue: boolean;
}

/** @param from where the log begins. */
export function walBuffer(from: bigint, segmentBytes: number, everyMs: number): WalBuffer {
  const size = BigInt(segmentBytes);
  let storedTo = from;
  /** The first is given out; the last fills up. */
  const pieces: Filling[] = [];
  let timer: Timer | undefined;
  let closed = false;
  const waiting = new Set<() => void>();

  const changed = (): void => {
    for (const wake of waiting) wake();
    waiting.clear();
  };
  const change = (): Promise<void> => new Promise((resolve) => waiting.add(resolve));

  function makeDue(piece: Filling): void {
    piece.isDue = true;
    changed();
  }

  function openPiece(start: bigint): Filling {
    const last = pieces.at(-1);
    if (last && !last.isDue) return last;
    const piece: Filling = { start, end: start, untilMs: 0, parts: [], isDue: false };
    pieces.push(piece);
    timer?.cancel();
    timer = systemClock.after(everyMs, () => makeDue(piece));
    return piece;
  }

  return {
    get storedTo() {
      return storedTo;
    },
    async add(start, bytes, untilMs) {
      let position = start;
      for (let rest = bytes; rest.length > 0; ) {
        while (pieces.length >= 2 && pieces.at(-1)!.isDue && !closed) await change();
        if (closed) return;
        const piece = openPiece(position);
        const part = rest.subarray(0, Number(size - (position % size)));
        piece.parts.push(part);
        position += BigInt(part.length);
        piece.end = position;
        piece.untilMs = untilMs;
        if (position % size === 0n) makeDue(piece);
        rest = rest.subarray(part.length);
      }
    },
    async next() {
      for (;;) {
        const first = pieces[0];
        if (first && (first.isDue || closed)) {
          first.isDue = true;
          return first;
        }
        if (closed) return undefined;
        await change();
      }
    },
    stored(piece) {
      storedTo = piece.end;
      pieces.shift();
      changed();
    },
    close() {
      closed = true;
      timer?.cancel();
      changed();
    },
  };
}
