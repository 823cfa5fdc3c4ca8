import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testTelemetry } from '@goblin/core';
import { newEventType, numberedConsumer, publishAll } from '../fixtures/event-type.ts';
import { until } from '../fixtures/processes.ts';
import { scratchDatabase } from '../fixtures/scratch-database.ts';
import { migrate } from '../migrations/migrate.ts';
import { migratePlatform } from '../platform/platform.ts';
import { keepEventDays } from './expire.ts';

const SCHEMA = fileURLToPath(new URL('../platform/schema', import.meta.url));

test('a database from before there were days keeps its events, their order and its cursors, and older processes go on', async () => {
  await using scratch = await scratchDatabase();
  const { log } = testTelemetry();
  const folder = mkdtempSync(join(tmpdir(), 'goblin-schema-'));
  for (const file of readdirSync(SCHEMA).filter((name) => name < '0006'))
    cpSync(join(SCHEMA, file), join(folder, file));
  await migrate({ target: scratch.owner, schema: 'goblin', folder, log });
  rmSync(folder, { recursive: true });
  const owner = await scratch.open();
  const service = await scratch.open('service');
  const numbered = newEventType();

  // As the code of that time does it.
  const tell = (n: number) =>
    service.query(
      'insert into goblin.event (type, payload, tenant, traceparent) values ($1, $2, null, null)',
      [numbered.type, JSON.stringify({ n })],
    );
  const makeCursor = (group: string) =>
    service.query(
      `insert into goblin.event_cursor (consumer, type, xid, id) values ($1, $2, '0', 0) on conflict do nothing`,
      [group, numbered.type],
    );
  const consumeOne = (group: string) =>
    service.transaction(async (tx) => {
      const at = await tx.one<{ xid: string; id: number }>(
        `select xid::text, id from goblin.event_cursor
         where owner = current_user and consumer = $1 and type = $2 for update skip locked`,
        [group, numbered.type],
      );
      const row = await tx.one<{ xid: string; id: number; payload: { n: number } }>(
        `select xid::text, id, payload from goblin.event
         where type = $1 and (xid, id) > ($2::xid8, $3::bigint) and xid < pg_snapshot_xmin(pg_current_snapshot())
         order by event.xid, event.id limit 1`,
        [numbered.type, at.xid, at.id],
      );
      await tx.query(
        `update goblin.event_cursor set xid = $3::xid8, id = $4
         where owner = current_user and consumer = $1 and type = $2`,
        [group, numbered.type, row.xid, row.id],
      );
      return row.payload.n;
    });

  for (let n = 0; n < 20; n++) await tell(n);
  await owner.query(
    `update goblin.event set published_at = now() - interval '50 days' where payload->>'n' < '5'`,
  );
  await makeCursor('test');
  await makeCursor('old');
  for (let n = 0; n < 7; n++) assert.equal(await consumeOne('test'), n);
  const inOrder =
    'select xid::text, id, payload, published_at, source from goblin.event order by event.xid, event.id';
  const before = await owner.many(inOrder);

  await migratePlatform(scratch.owner, log);
  assert.deepEqual(await owner.many(inOrder), before);

  // Old and new code, side by side.
  await tell(20);
  await makeCursor('old');
  assert.equal(await consumeOne('old'), 0);
  await publishAll(service, numbered, [21], String);
  await using consumer = numberedConsumer(service, numbered);
  await until(() => consumer.seen.length === 15);
  assert.deepEqual(
    consumer.seen,
    Array.from({ length: 15 }, (_, n) => 7 + n),
  );
  assert.equal(await consumeOne('old'), 1);
  const ids = (await owner.many<{ id: number }>(inOrder)).map(({ id }) => id);
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(ids).size, 22);

  // What was there is one table, which goes as a whole.
  const { dropped } = await keepEventDays(service);
  assert.deepEqual(dropped, []);
});
