/** Databases from before the tenant belonged to the identity of a task. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { testTelemetry } from '@goblin/core';
import pg from 'pg';
import { superuserConfig } from '../embedded/provision.ts';
import { throwawayServer } from '../embedded/throwaway.ts';
import { addMigrations, migrationFolder } from '../fixtures/migration-folder.ts';
import { migrate } from '../migrations/migrate.ts';

const SCHEMA = new URL('../platform/schema/', import.meta.url);
const FIRST = 7;
const ROWS = 20_000;

function files(from: number, to: number): Record<string, string> {
  const names = readdirSync(SCHEMA).filter((name) => {
    const number = Number.parseInt(name, 10);
    return number >= from && number <= to;
  });
  return Object.fromEntries(names.map((name) => [name, readFileSync(new URL(name, SCHEMA), 'utf8')]));
}

const ENQUEUE_AS_BEFORE = `select * from goblin.enqueue_tasks('test.note', $1,
  array_fill('{}'::text, array[cardinality($1::text[])]), array_fill(0::float8, array[cardinality($1::text[])]),
  array_fill(null::timestamptz, array[cardinality($1::text[])]), array_fill(0::smallint, array[cardinality($1::text[])]),
  array_fill(''::text, array[cardinality($1::text[])]), $2, null, null)`;
const ENQUEUE_NOW = `select * from goblin.add_tasks(
  array['test.note'], array[$1], array['{}'], array[0], array[null::timestamptz], array[0::smallint], array[''],
  array[$2::text], array[null::text], null, null)`;

test('a database from before keeps all tasks and keys, and enqueuing goes on while it is migrated', async () => {
  const config = { ...superuserConfig(await throwawayServer()) };
  await using admin = await connect({ ...config, database: 'postgres' });
  await admin.query('create database before');
  const target = { where: 'the database before', config: () => ({ ...config, database: 'before' }) };
  const { log } = testTelemetry();
  const folder = migrationFolder(files(1, FIRST - 1));
  const bringUp = (): Promise<number> => migrate({ target, schema: 'goblin', folder, log });
  await bringUp();
  await using client = await connect(target.config());
  const keys = Array.from({ length: ROWS }, (_, n) => `k${n}`);
  await client.query(ENQUEUE_AS_BEFORE, [keys, 'red']);
  // Half of them have finished.
  await client.query(`update goblin.task_key set finished_at = now() where task % 2 = 0`);
  await client.query('delete from goblin.task where id % 2 = 0');

  await using busy = await connect(target.config());
  let stopped = false;
  const during: string[] = [];
  const enqueuing = (async () => {
    while (!stopped) {
      const key = `during ${during.length}`;
      await busy.query(ENQUEUE_AS_BEFORE, [[key], 'red']);
      during.push(key);
      await setImmediate();
    }
  })();
  addMigrations(folder, files(FIRST, Number.POSITIVE_INFINITY));
  assert.ok((await bringUp()) >= 3);
  stopped = true;
  await enqueuing;
  assert.ok(during.length > 0);

  const { rows } = await client.query(`select count(*)::int as keys from goblin.task_key`);
  assert.equal(rows[0].keys, ROWS + during.length);
  async function isNew(key: string, tenant: string | null): Promise<boolean> {
    return (await client.query(ENQUEUE_NOW, [key, tenant])).rows[0].is_new;
  }
  for (const key of [...keys.slice(0, 20), ...during]) assert.equal(await isNew(key, 'red'), false, key);
  const left = await client.query(`select key from goblin.task where key in ('k1', 'k2') order by key`);
  const gone = left.rows[0].key === 'k1' ? 'k2' : 'k1';
  assert.equal(await isNew(left.rows[0].key, 'blue'), true);
  assert.equal(await isNew(gone, 'blue'), false);
});

interface Client extends pg.Client, AsyncDisposable {}

async function connect(config: pg.ClientConfig): Promise<Client> {
  const client = new pg.Client(config);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
