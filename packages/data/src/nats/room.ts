/** How much a stream still takes. The forwarder goes by this and not by the server's refusal: nats-server 2.9 compares a new message
 * without its subject and its frame with `max_bytes` and then counts them, so at the brim it takes the message and gives up the oldest one, though
 * it was told not to (`discard: new`). So the brim is never reached. */

import type { Gauge } from '@goblin/core';
import { GoblinError, systemClock } from '@goblin/core';
import type { StreamInfo } from '@nats-io/jetstream';
import type { EventRow } from '../events/event-cursor.ts';
import { findStream, type JetStream, type StreamName } from './stream.ts';

/** Kept free, whatever comes. */
const MARGIN_BYTES = 1_024;
/** Headers, subject and frame of a message, at most, but for texts of its publisher. */
const FRAME_BYTES = 1_024;
/** A character in a header, at most: three bytes, each written as `%xx`. */
const BYTES_PER_CHARACTER = 9;
/** Messages reach their age meanwhile. */
const REFRESH_MS = 15_000;

export interface Room {
  /** Takes up to so many bytes, from the first size on; answers how many of the messages that is. It asks the stream again before it
   * says none. @throws RESOURCE_EXHAUSTED when not even the first one fits */
  take(sizes: readonly number[]): Promise<number>;
}

export function roomIn({ manager }: JetStream, line: StreamName, info: StreamInfo, fill: Gauge): Room {
  let left = 0;
  let knownAt = 0;
  const note = ({ config, state }: StreamInfo): void => {
    const isBounded = config.max_bytes > 0;
    left = isBounded ? config.max_bytes - state.bytes - MARGIN_BYTES : Number.POSITIVE_INFINITY;
    knownAt = systemClock.now();
    fill.set(isBounded ? state.bytes / config.max_bytes : 0);
  };
  note(info);
  return {
    async take(sizes) {
      const [first = 0] = sizes;
      if (first > left || systemClock.now() - knownAt > REFRESH_MS) {
        const now = await findStream(manager, line.name);
        if (now) note(now);
      }
      if (first > left) {
        throw new GoblinError('RESOURCE_EXHAUSTED', {
          message: `the stream ${line.name} is full: events wait in the database until old messages reach their age, or it is made larger (nats stream edit ${line.name} --max-bytes …)`,
        });
      }
      let count = 0;
      for (const size of sizes) {
        if (size > left) break;
        left -= size;
        count++;
      }
      return count;
    },
  };
}

/** What a message takes up in the stream, at most. */
export function storedSize(row: EventRow, body: string): number {
  const texts = row.source.length + (row.key?.length ?? 0) + (row.tenant?.length ?? 0);
  return FRAME_BYTES + texts * BYTES_PER_CHARACTER + Buffer.byteLength(body);
}
