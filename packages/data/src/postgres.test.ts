import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { createConfig, createRuntime, type GoblinError, type Runtime, testTelemetry } from '@goblin/core';
import pg from 'pg';
import { isPostmasterOf, readPostmaster } from './embedded/postmaster.ts';
import { superuserConfig } from './embedded/provision.ts';
import { throwawayServer } from './embedded/throwaway.ts';
import { type PostgresOptions, postgres } from './postgres.ts';

const dataFolder = mkdtempSync(join(tmpdir(), 'goblin-module-'));
chmodSync(dataFolder, 0o711);
after(() => rmSync(dataFolder, { recursive: true }));
const migrations = join(dataFolder, 'migrations');
mkdirSync(migrations);
writeFileSync(join(migrations, '0001_secret.sql'), 'create table secret (word text)');

function service(name: string, env: Record<string, string> = {}): Runtime {
  return createRuntime({
    service: name,
    instance: `${name}-1`,
    telemetry: testTelemetry(),
    config: createConfig({ service: name, env }).read,
    dataFolder,
    stopping: new AbortController().signal,
  });
}

test('services share a server and nothing else: each sees its own schema only', async () => {
  await using payments = service('payments');
  await using tax = service('tax');
  const module = (options?: PostgresOptions) => postgres({ migrations, ...options });
  const [mine, theirs] = await Promise.all([payments.use(module()), tax.use(module())]);
  assert.equal(mine.schema, 'payments');
  await mine.query(`insert into secret values ('mine')`);
  await theirs.query(`insert into secret values ('theirs')`);
  assert.deepEqual(await mine.many('select word from secret'), [{ word: 'mine' }]);
  const forbidden = [
    'select * from tax.secret',
    'create table tax.mine ()',
    'create table public.mine ()',
    'create schema mine',
    'create role mine',
    'alter role payments superuser',
    'set role tax',
    `select pg_read_file('/etc/passwd')`,
    `copy secret to program 'cat'`,
    'select rolpassword from pg_authid',
    `update goblin.event set type = 'forged.v1'`,
    'delete from goblin.event',
    `insert into goblin.event (type, payload, source) values ('a.b.v1', '{}', 'tax')`,
    'truncate goblin.event',
    'delete from goblin.event_cursor',
    'delete from goblin.goblin_migration',
  ];
  for (const statement of forbidden)
    await assert.rejects(mine.query(statement), { data: { sqlState: '42501' } }, statement);
});

test('a service does not move the cursors of another one', async () => {
  await using payments = service('payments');
  await using tax = service('tax');
  const [mine, theirs] = await Promise.all([payments.use(postgres()), tax.use(postgres())]);
  await theirs.query(
    `insert into goblin.event_cursor (consumer, type, xid, id) values ('g', 'a.b.v1', '1', 1)`,
  );
  assert.deepEqual(await mine.many('select * from goblin.event_cursor'), []);
  assert.equal((await mine.query(`update goblin.event_cursor set id = 9`)).count, 0);
});

test('the runtime stops it: no server is left', async () => {
  const runtime = service('payments');
  await runtime.use(postgres());
  assert.deepEqual(await runtime.health(), { postgres: { ok: true } });
  const cluster = join(dataFolder, 'postgres', 'cluster');
  const { pid } = (await readPostmaster(cluster))!;
  await runtime.stop();
  assert.ok(!isPostmasterOf(cluster, pid));
});

test('what cannot be a schema is refused by name', async () => {
  await using runtime = service('payments');
  for (const schema of ['goblin', 'public', 'pg_mine', 'Über'])
    await assert.rejects(runtime.use(postgres({ schema })), (error: GoblinError) => {
      assert.match(error.message, /cannot name a schema/);
      return true;
    });
});

test('with DATABASE_URL it uses that database, with a role for each service', async () => {
  const server = await throwawayServer();
  const admin = new pg.Client(superuserConfig(server, 'postgres'));
  await admin.connect();
  await admin.query(`create role first login password 'word'`);
  await admin.query(`create role second login password 'word'`);
  await admin.query('create database shop owner first');
  await admin.query('grant create on database shop to second');
  await admin.end();
  const address = `${encodeURIComponent(server.host)}:${server.port}`;
  await using first = service('first', { DATABASE_URL_FILE: urlFile('first', address) });
  const db = await first.use(postgres({ migrations }));
  assert.deepEqual(await db.one('select current_database() as name, current_schema() as schema'), {
    name: 'shop',
    schema: 'first',
  });
  await using second = service('second', { DATABASE_URL_FILE: urlFile('second', address) });
  const other = await second.use(postgres({ migrations }));
  assert.deepEqual(await other.many('select word from secret'), []);
  await assert.rejects(other.query('select * from first.secret'), { data: { sqlState: '42501' } });
});

test('a database that is not there is an error that says where it should be, without the password', async () => {
  await using lost = service('payments', { DATABASE_URL_FILE: urlFile('lost', '127.0.0.1:1') });
  await assert.rejects(lost.use(postgres()), (error: GoblinError) => {
    assert.match(error.message, /PostgreSQL at 127\.0\.0\.1:1\/shop cannot be reached/);
    assert.doesNotMatch(inspect(error, { depth: 5 }), /:word@/);
    return true;
  });
});

function urlFile(role: string, address: string): string {
  const file = join(dataFolder, `url-${role}`);
  writeFileSync(file, `postgres://${role}:word@${address}/shop`);
  return file;
}
