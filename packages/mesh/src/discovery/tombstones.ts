/** Remembers who left and when, so that old news of them does not bring them back. Bounded: the oldest give way. */
import type { Announcement } from '../peer.ts';

const MAX_TOMBSTONES = 5_000;

interface Tombstone {
  /** On the monotonic clock. */
  readonly at: number;
  /** The incarnation that said goodbye; undefined when it left without a word. */
  readonly goodbye: number | undefined;
}

export interface Tombstones {
  add(instance: string, at: number, goodbye?: number): void;
  remove(instance: string): void;
  /** Whether its leaving stands against an announcement that it made at `heardAt`: a goodbye against all but a higher
   * incarnation, otherwise against older evidence. */
  outweigh(announcement: Announcement, heardAt: number): boolean;
  /** Who said goodbye and in which incarnation, the latest last. */
  goodbyes(): Iterable<readonly [instance: string, incarnation: number]>;
}

export function tombstones(): Tombstones {
  const stones = new Map<string, Tombstone>();
  return {
    add(instance, at, goodbye = stones.get(instance)?.goodbye) {
      stones.delete(instance);
      if (stones.size >= MAX_TOMBSTONES) stones.delete(stones.keys().next().value!);
      stones.set(instance, { at, goodbye });
    },
    remove: (instance) => void stones.delete(instance),
    outweigh({ instance, incarnation }, heardAt) {
      const stone = stones.get(instance);
      if (!stone) return false;
      return stone.goodbye === undefined ? heardAt <= stone.at : incarnation <= stone.goodbye;
    },
    *goodbyes() {
      for (const [instance, { goodbye }] of stones) if (goodbye !== undefined) yield [instance, goodbye];
    },
  };
}
