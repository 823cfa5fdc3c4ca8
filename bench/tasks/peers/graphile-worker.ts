/** graphile-worker in its batched mode: https://worker.graphile.org/docs/performance#batching */
import { Logger, makeWorkerUtils, type Runner, run } from 'graphile-worker';
import type { Payload, Place, Producer, Worker } from '../peer.ts';
import { postgresPool } from '../postgres-server.ts';

const TASK = 'note';
const logger = new Logger(() => () => {});

export async function producer({ url }: Place): Promise<Producer> {
  const pool = postgresPool(url);
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  return {
    async enqueue(payload) {
      await utils.addJob(TASK, payload);
    },
    async enqueueMany(payloads) {
      await utils.addJobs(payloads.map((payload) => ({ identifier: TASK, payload })));
    },
    async empty() {
      await pool.query('truncate graphile_worker._private_jobs');
    },
    async unfinished() {
      const { rows } = await pool.query('select exists (select from graphile_worker._private_jobs) as left');
      return rows[0].left;
    },
    async close() {
      await utils.release();
      await pool.end();
    },
  };
}

export async function worker({ url }: Place): Promise<Worker> {
  let runner: Runner | undefined;
  return {
    async start(ran) {
      runner = await run({
        connectionString: url,
        logger,
        noHandleSignals: true,
        taskList: { [TASK]: async (payload) => ran(payload as Payload) },
        preset: {
          worker: {
            concurrentJobs: 24,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
      });
    },
    async stop() {
      await runner!.stop();
    },
    close: async () => {},
  };
}
