/** pg-boss with batches, searching on while batches are full. With `notify` a worker is woken by each task, which costs the one who
 * enqueues it: the NOTIFY is part of that transaction. Without it, its default, a worker looks twice a second. */
import { PgBoss } from 'pg-boss';
import type { Payload, Peer, Place, Producer, Worker } from './peer.ts';
import { postgresPool } from './postgres-server.ts';

export function pgBossPeer(queue: string, notify: boolean): Peer {
  return {
    producer: (place) => producer(place, queue, notify),
    worker: (place) => worker(place, queue, notify),
  };
}

async function producer({ url }: Place, queue: string, notify: boolean): Promise<Producer> {
  const boss = await started(url, notify);
  await boss.createQueue(queue, { notify });
  const pool = postgresPool(url);
  return {
    async enqueue(payload) {
      await boss.send(queue, payload);
    },
    async enqueueMany(payloads) {
      await boss.insert(
        queue,
        payloads.map((data) => ({ data })),
      );
    },
    async empty() {
      await pool.query('truncate pgboss.job');
    },
    async unfinished() {
      const { rows } = await pool.query(
        `select exists (select from pgboss.job where name = $1 and state < 'completed') as left`,
        [queue],
      );
      return rows[0].left;
    },
    async close() {
      await pool.end();
      await boss.stop();
    },
  };
}

async function worker({ url }: Place, queue: string, notify: boolean): Promise<Worker> {
  const boss = await started(url, notify);
  return {
    async start(ran) {
      const options = { batchSize: 500, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };
      await boss.work<Payload>(queue, { ...options, notifyPollingIntervalSeconds: 0.5 }, async (jobs) => {
        for (const { data } of jobs) ran(data);
      });
    },
    stop: () => boss.offWork(queue, { wait: true }),
    close: () => boss.stop(),
  };
}

async function started(url: string, useListenNotify: boolean): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString: url, useListenNotify });
  boss.on('error', (error) => console.error(error));
  return boss.start();
}
