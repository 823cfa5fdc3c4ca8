/** A DBOS queue of workflows without steps, looked at each 10 ms (the default is a second). It has no call for batches. */
import { DBOS, DBOSClient } from '@dbos-inc/dbos-sdk';
import type { Payload, Place, Producer, Worker } from '../peer.ts';
import { postgresPool } from '../postgres-server.ts';

const NAME = 'note';
const POLL_MS = 10;
const CONCURRENCY = 100;

export async function producer({ url }: Place): Promise<Producer> {
  const client = await DBOSClient.create({ systemDatabaseUrl: url });
  const pool = postgresPool(url);
  return {
    async enqueue(payload) {
      await client.enqueue({ queueName: NAME, workflowName: NAME }, payload);
    },
    async empty() {
      await pool.query('truncate dbos.workflow_status cascade');
    },
    async unfinished() {
      const { rows } = await pool.query(
        `select exists (select from dbos.workflow_status where status in ('ENQUEUED', 'PENDING')) as left`,
      );
      return rows[0].left;
    },
    async close() {
      await pool.end();
      await client.destroy();
    },
  };
}

export async function worker({ url }: Place): Promise<Worker> {
  let told: (payload: Payload) => void = () => {};
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl: url, logLevel: 'error' });
  DBOS.registerWorkflow(async (payload: Payload) => told(payload), { name: NAME });
  await DBOS.launch();
  await DBOS.registerQueue(NAME, { minPollingIntervalMs: POLL_MS, workerConcurrency: CONCURRENCY });
  await DBOS.shutdown();
  return {
    async start(ran) {
      told = ran;
      await DBOS.launch();
    },
    stop: () => DBOS.shutdown(),
    close: async () => {},
  };
}
