/** BullMQ on a Redis that writes each command to disk before it answers (`appendfsync always`). */
import { Worker as BullWorker, Queue } from 'bullmq';
import type { Payload, Place, Producer, Worker } from '../peer.ts';

const QUEUE = 'note';
const CONCURRENCY = 50;

export async function producer({ redisPort }: Place): Promise<Producer> {
  const queue = new Queue<Payload>(QUEUE, { connection: connectionTo(redisPort) });
  await queue.waitUntilReady();
  return {
    async enqueue(payload) {
      await queue.add(QUEUE, payload);
    },
    async enqueueMany(payloads) {
      await queue.addBulk(payloads.map((data) => ({ name: QUEUE, data })));
    },
    async unfinished() {
      const { wait, active } = await queue.getJobCounts('wait', 'active');
      return wait! + active! > 0;
    },
    empty: () => queue.obliterate({ force: true }),
    close: () => queue.close(),
  };
}

export async function worker({ redisPort }: Place): Promise<Worker> {
  let running: BullWorker<Payload> | undefined;
  return {
    async start(ran) {
      const options = { connection: connectionTo(redisPort), concurrency: CONCURRENCY };
      running = new BullWorker<Payload>(QUEUE, async ({ data }) => ran(data), options);
      await running.waitUntilReady();
    },
    stop: () => running!.close(),
    close: async () => {},
  };
}

function connectionTo(port: number | undefined): { host: string; port: number; maxRetriesPerRequest: null } {
  return { host: '127.0.0.1', port: port!, maxRetriesPerRequest: null };
}
