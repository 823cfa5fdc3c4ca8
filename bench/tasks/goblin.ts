/** Goblin's tasks, in a service's corner of the embedded PostgreSQL as `postgres()` opens it. Many handlers run at a time, so
 * that many tasks are claimed and finished in one statement. */
import { testTelemetry } from '@goblin/core';
import { z } from 'zod';
import { type Database, database } from '../../packages/data/src/database/database.ts';
import { migratePlatform } from '../../packages/data/src/platform/platform.ts';
import { embeddedSource } from '../../packages/data/src/source.ts';
import { task } from '../../packages/data/src/tasks/task.ts';
import { work } from '../../packages/data/src/tasks/worker.ts';
import type { Payload, Peer } from './peer.ts';
import { postgresPool } from './postgres-server.ts';

const SCHEMA = 'bench';
const POOL_SIZE = 10;
const TIMEOUT_MS = 600_000;
const CONCURRENCY = 500;

export const Input = z.object({ id: z.int(), at: z.number(), note: z.string() });

export interface Opened {
  readonly db: Database;
  close(): Promise<void>;
}

export async function openDatabase(folder: string): Promise<Opened> {
  const telemetry = testTelemetry();
  const { owner, target, recover, release } = await embeddedSource(folder, SCHEMA, SCHEMA);
  await migratePlatform(owner, telemetry.log);
  const db = database({
    target,
    recover,
    schema: SCHEMA,
    telemetry,
    poolSize: POOL_SIZE,
    timeoutMs: TIMEOUT_MS,
  });
  return {
    db,
    async close() {
      await db.close();
      await release();
    },
  };
}

export function goblinPeer(kind: string, keyOf: () => string | undefined): Peer {
  const noted = task(kind, { input: Input });
  const request = (input: Payload): { input: Payload; key?: string } => {
    const key = keyOf();
    return { input, ...(key !== undefined && { key }) };
  };
  return {
    async producer({ folder, url }) {
      const { db, close } = await openDatabase(folder);
      const owner = postgresPool(url);
      return {
        async close() {
          await owner.end();
          await close();
        },
        async enqueue(payload) {
          await noted.enqueue(db, request(payload));
        },
        async enqueueMany(payloads) {
          await noted.enqueueMany(db, payloads.map(request));
        },
        async unfinished() {
          const { rows } = await owner.query('select exists (select from goblin.task) as left');
          return rows[0].left;
        },
        async empty() {
          await owner.query('truncate goblin.task, goblin.task_key');
        },
      };
    },
    async worker({ folder }) {
      const { db, close } = await openDatabase(folder);
      let stopping = new AbortController();
      let loop: Promise<void> = Promise.resolve();
      return {
        close,
        async start(ran) {
          stopping = new AbortController();
          loop = work(db, noted, async ({ input }) => ran(input), { concurrency: CONCURRENCY })(
            stopping.signal,
          );
        },
        async stop() {
          stopping.abort();
          await loop;
        },
      };
    },
  };
}
