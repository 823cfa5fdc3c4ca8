/** Events in the place of tasks: published in a transaction each, consumed by a group. */
import { event } from '../../../packages/data/src/events/event.ts';
import { subscribe } from '../../../packages/data/src/events/subscribe.ts';
import { Input, openDatabase } from '../goblin.ts';
import type { Place, Producer, Worker } from '../peer.ts';

const noted = event('bench.noted.v1', Input);

export async function producer({ folder }: Place): Promise<Producer> {
  const { db, close } = await openDatabase(folder);
  return {
    close,
    enqueue: (payload) => db.transaction((tx) => noted.publish(tx, payload)),
    // The group begins after those that it knows.
    unfinished: async () => false,
    empty: async () => {},
  };
}

export async function worker({ folder }: Place): Promise<Worker> {
  const { db, close } = await openDatabase(folder);
  let stopping = new AbortController();
  let loop: Promise<void> = Promise.resolve();
  return {
    close,
    async start(ran) {
      stopping = new AbortController();
      const consume = subscribe(db, noted, { group: 'bench' }, async ({ payload }) => ran(payload));
      loop = consume(stopping.signal);
    },
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
