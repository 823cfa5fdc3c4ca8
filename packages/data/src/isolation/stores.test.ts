/** Two tenants at once, over what stands on tables: REST and tasks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context } from '@goblin/core';
import { z } from 'zod';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { rest } from '../rest/rest.ts';
import { task } from '../tasks/task.ts';
import { work } from '../tasks/worker.ts';
import { testDatabase } from '../testing/test-database.ts';
import { withTenant } from './with-tenant.ts';

const TENANTS = ['red', 'blue'] as const;
type Tenant = (typeof TENANTS)[number];

interface Item {
  readonly id: number;
  readonly word: string;
}

test('over REST, each of two tenants reads and changes its own rows only, with the same keys and the same questions', async () => {
  await using db = await testDatabase();
  await db.query(`
    create table item (tenant text, id integer, word text not null, primary key (tenant, id));
    select goblin.isolate('item');
    create table part (tenant text, id integer, item_id integer, primary key (tenant, id), foreign key (tenant, item_id) references item);
    select goblin.isolate('part')`);
  const { role } = await db.one<{ role: string }>(`select goblin.make_role('shopper') as role`);
  await db.query(
    `grant usage on schema "${db.schema}" to "${role}"; grant select, insert, update, delete on item, part to "${role}"`,
  );
  const { routes } = rest(db, { tables: ['item', 'part'], roles: { anonymous: role } });

  async function ask(tenant: Tenant, method: string, path: string, body?: unknown): Promise<unknown> {
    const table = path.split('?')[0]!;
    const request = new Request(`http://shop/rest/${path}`, {
      method,
      headers: {
        prefer: 'return=representation, resolution=merge-duplicates',
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const response = await context.run({ tenant }, () =>
      routes[`${method} /rest/:table`]!(request, undefined, { table }),
    );
    assert.ok(response.ok, `${response.status} ${await response.clone().text()}`);
    return response.json();
  }

  const model: Record<Tenant, Map<number, string>> = { red: new Map(), blue: new Map() };
  const listed = (tenant: Tenant): Item[] =>
    [...model[tenant]].map(([id, word]) => ({ id, word })).sort((a, b) => a.id - b.id);
  const random = seededRandom(3);
  for (let step = 0; step < 200; step++) {
    const tenant = TENANTS[random(2)]!;
    const mine = model[tenant];
    const id = random(6);
    const word = `${tenant}-${step}`;
    switch (random(4)) {
      case 0:
        await ask(tenant, 'POST', 'item?on_conflict=tenant,id', { tenant, id, word });
        mine.set(id, word);
        break;
      case 1: {
        const changed = (await ask(tenant, 'PATCH', `item?id=eq.${id}`, { word })) as Item[];
        assert.equal(changed.length, mine.has(id) ? 1 : 0);
        if (mine.has(id)) mine.set(id, word);
        break;
      }
      case 2: {
        const gone = (await ask(tenant, 'DELETE', `item?or=(id.eq.${id},tenant.neq.${tenant})`)) as Item[];
        assert.equal(gone.length, mine.delete(id) ? 1 : 0);
        break;
      }
      default: {
        const seen = await ask(
          tenant,
          'GET',
          'item?select=id,word&order=id&or=(tenant.eq.red,tenant.eq.blue)',
        );
        assert.deepEqual(seen, listed(tenant));
      }
    }
  }
  for (const tenant of TENANTS)
    assert.deepEqual(await ask(tenant, 'GET', 'item?select=id,word&order=id'), listed(tenant));

  // Embedding follows the keys, and the keys hold the tenant.
  for (const tenant of TENANTS) {
    await ask(tenant, 'POST', 'item?on_conflict=tenant,id', { tenant, id: 1, word: tenant });
    await ask(tenant, 'POST', 'part?on_conflict=tenant,id', { tenant, id: 1, item_id: 1 });
  }
  for (const tenant of TENANTS) {
    const embedded = await ask(tenant, 'GET', 'part?select=item(word,part(id))');
    assert.deepEqual(embedded, [{ item: { word: tenant, part: [{ id: 1 }] } }]);
  }
});

test('tasks of two tenants have their effects among the rows of their own', async () => {
  await using db = await testDatabase();
  await db.query(`create table done (n integer primary key); select goblin.isolate('done')`);
  const isolated = withTenant(db);
  const count = task('isolation.count', { input: z.object({ n: z.int() }) });
  let finished = 0;
  await using _worker = running(
    work(db, count, async (job) => {
      await isolated.transaction(async (tx) => {
        await tx.query('insert into done values ($1)', [job.input.n]);
        await job.finish(tx);
        tx.afterCommit(() => finished++);
      });
    }),
  );
  for (let n = 0; n < 30; n++)
    await context.run({ tenant: TENANTS[n % 2]! }, () =>
      isolated.transaction((tx) => count.enqueue(tx, { input: { n } })),
    );
  await until(() => finished === 30);
  for (const [parity, tenant] of TENANTS.entries()) {
    const rows = await context.run({ tenant }, () => isolated.many<{ n: number }>('select n from done'));
    assert.equal(rows.length, 15);
    assert.ok(rows.every(({ n }) => n % 2 === parity));
  }
});
