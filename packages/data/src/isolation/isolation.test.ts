import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { context, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import { type Database, database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import { superuserConfig } from '../embedded/provision.ts';
import { throwawayServer } from '../embedded/throwaway.ts';
import { event } from '../events/event.ts';
import { subscribe } from '../events/subscribe.ts';
import { until } from '../fixtures/processes.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { testDatabase } from '../testing/test-database.ts';
import { enterTenant, withTenant } from './with-tenant.ts';

const db = await testDatabase();
after(() => db.close());
await db.query('create table note (id bigint generated always as identity primary key, word text)');
await db.query(`select goblin.isolate('note')`);
const notes = withTenant(db);

function as<T>(tenant: string, work: () => Promise<T>): Promise<T> {
  return context.run({ tenant }, work);
}

function words(source: Database = notes): Promise<unknown[]> {
  return source
    .many<{ word: string }>('select word from note order by id')
    .then((rows) => rows.map(({ word }) => word));
}

test('each tenant sees, changes and deletes its own rows only, whatever it tries', async () => {
  // Both sides do the same things in a random order; a plain list per tenant says what each must see.
  const model: Record<string, string[]> = { red: [], blue: [] };
  const random = seededRandom(7);
  for (let step = 0; step < 150; step++) {
    const tenant = random(2) ? 'red' : 'blue';
    const mine = model[tenant]!;
    const word = `w${random(8)}`;
    await as(tenant, async () => {
      switch (random(4)) {
        case 0:
        case 1:
          await notes.query(sql`insert into note (word) values (${word})`);
          mine.push(word);
          break;
        case 2: {
          const { count } = await notes.query(sql`update note set word = word || '+' where word = ${word}`);
          assert.equal(count, mine.filter((one) => one === word).length);
          model[tenant] = mine.map((one) => (one === word ? `${one}+` : one));
          break;
        }
        default: {
          const { count } = await notes.query(sql`delete from note where word = ${word}`);
          assert.equal(count, mine.filter((one) => one === word).length);
          model[tenant] = mine.filter((one) => one !== word);
        }
      }
      assert.deepEqual(await words(), model[tenant]);
    });
  }
  assert.ok(model.red!.length > 0 && model.blue!.length > 0);
});

test('without a tenant nothing is sent, and what is sent past it finds nothing and changes nothing', async () => {
  await as('red', () => notes.query(`insert into note (word) values ('kept')`));
  await assert.rejects(words(), { code: 'TENANT_REQUIRED' });
  await assert.rejects(
    notes.transaction(async () => assert.fail('begun')),
    { code: 'TENANT_REQUIRED' },
  );
  const unsaid = { code: 'TENANT_REQUIRED', data: { sqlState: 'TN001' } };
  await assert.rejects(words(db), unsaid);
  await assert.rejects(db.query(`insert into note (word) values ('nobody')`), unsaid);
  await assert.rejects(db.query('update note set word = null'), unsaid);
  await assert.rejects(db.query('delete from note'), unsaid);
  assert.ok((await as('red', () => words())).includes('kept'));
});

test('a connection that served a tenant forgets it with the transaction', async () => {
  await using one = await testDatabase({ poolSize: 1 });
  await one.query('create table note (id bigint generated always as identity, word text)');
  await one.query(`select goblin.isolate('note')`);
  await as('red', () => withTenant(one).query(`insert into note (word) values ('a')`));
  await assert.rejects(words(one), { code: 'TENANT_REQUIRED' });
  const broken = as('red', () =>
    withTenant(one).transaction(async (tx) => {
      await tx.query(`insert into note (word) values ('b')`);
      throw new Error('no');
    }),
  );
  await assert.rejects(broken, /no/);
  await assert.rejects(words(one), { code: 'TENANT_REQUIRED' });
  assert.deepEqual(await as('red', () => words(withTenant(one))), ['a']);
});

test('a row cannot be written for, or handed to, another tenant', async () => {
  const forbidden = { code: 'FORBIDDEN', data: { sqlState: '42501' } };
  await as('red', async () => {
    await assert.rejects(notes.query(`insert into note (word, tenant) values ('x', 'blue')`), forbidden);
    await notes.query(`insert into note (word) values ('mine')`);
    await assert.rejects(notes.query(`update note set tenant = 'blue' where word = 'mine'`), forbidden);
  });
});

test('a policy that is added opens no row of another tenant', async () => {
  await db.query('create table open (word text)');
  await db.query(`select goblin.isolate('open')`);
  await db.query('create policy everything on open using (true) with check (true)');
  const open = withTenant(db);
  await as('red', () => open.query(`insert into open values ('red')`));
  await as('blue', async () => {
    assert.deepEqual(await open.many('select * from open'), []);
    assert.equal((await open.query('delete from open')).count, 0);
  });
});

test('a table with rows is isolated only after they were given to tenants', async () => {
  await db.query('create table old as select 1 as n');
  await assert.rejects(db.query(`select goblin.isolate('old')`), { code: 'FAILED_PRECONDITION' });
  await db.query(`alter table old add column owner text`);
  await db.query(`update old set owner = 'red'`);
  await db.query(`select goblin.isolate('old', 'owner')`);
  const old = withTenant(db);
  assert.deepEqual(await as('red', () => old.many('select * from old')), [{ n: 1, owner: 'red' }]);
  assert.deepEqual(await as('blue', () => old.many('select * from old')), []);
});

test('strange tenants are names like any other', async () => {
  for (const tenant of [`'; drop table note; --`, '"', '\\', '%', '日本', `red' or '1'='1`]) {
    await as(tenant, async () => {
      await notes.query(`insert into note (word) values ('strange')`);
      assert.deepEqual(await words(), ['strange']);
    });
  }
});

test('a role that row-level security does not bind is refused', async () => {
  const server = await throwawayServer();
  await using root = database({
    target: { where: 'the test server', config: () => superuserConfig(server) },
    schema: 'public',
    telemetry: testTelemetry(),
    poolSize: 1,
    timeoutMs: 5_000,
  });
  await assert.rejects(
    as('red', () => withTenant(root).query('select 1')),
    { code: 'FAILED_PRECONDITION', message: /BYPASSRLS/ },
  );
});

test('an event of one tenant has its effect among the rows of that tenant', async () => {
  const said = event('isolation.said.v1', z.object({ word: z.string() }));
  await db.query('create table heard (word text)');
  await db.query(`select goblin.isolate('heard')`);
  const stopping = new AbortController();
  let handled = 0;
  const loop = subscribe(db, said, { group: 'isolation' }, async ({ payload }, tx) => {
    await enterTenant(tx);
    await tx.query(sql`insert into heard values (${payload.word})`);
    tx.afterCommit(() => handled++);
  });
  const ended = loop(stopping.signal);
  for (let n = 0; n < 20; n++) {
    const tenant = n % 3 === 0 ? 'red' : 'blue';
    await as(tenant, () => notes.transaction((tx) => said.publish(tx, { word: `${tenant}-${n}` })));
  }
  await until(() => handled === 20);
  stopping.abort();
  await ended;
  for (const tenant of ['red', 'blue']) {
    const rows = await as(tenant, () => notes.many<{ word: string }>('select word from heard'));
    assert.equal(rows.length, tenant === 'red' ? 7 : 13);
    assert.ok(rows.every(({ word }) => word.startsWith(tenant)));
  }
});

test('a service makes roles named after itself, and takes none that is not its own', async () => {
  const { role } = await db.one<{ role: string }>(`select goblin.make_role('reader') as role`);
  assert.equal(role, `${db.schema}.reader`);
  await db.one(`select goblin.make_role('reader')`);
  const reading = db.transaction(async (tx) => {
    await tx.query(`set local role "${role}"`);
    await tx.query(`select * from "${db.schema}".note`);
  });
  await assert.rejects(reading, { code: 'FORBIDDEN' });
  await assert.rejects(db.one(`select goblin.make_role('Reader"; drop table note')`), {
    data: { sqlState: '22023' },
  });
  await using other = await testDatabase();
  await assert.rejects(other.query(`set role "${role}"`), { code: 'FORBIDDEN' });
});
