import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, systemClock } from '@goblin/core';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import type { Statement } from '../database/sql.ts';
import { testDatabase } from '../testing/test-database.ts';
import { listTasks } from './operate.ts';
import { task } from './task.ts';

const Numbered = z.object({ n: z.int() });
const note = task('test.note', { input: Numbered });
const other = task('test.other', { input: Numbered });

/** Counts the statements that add tasks. */
function counted(db: Database): { readonly count: number } {
  const counter = { count: 0 };
  const { many } = db;
  Object.assign(db, {
    many: (statement: Statement | string, values?: readonly unknown[]) => {
      if (typeof statement === 'string' && statement.includes('add_tasks')) counter.count++;
      return many(statement, values);
    },
  });
  return counter;
}

test('what many enqueue at once shares few statements, and each gets its own answer', async () => {
  await using db = await testDatabase();
  const statements = counted(db);
  const enqueued = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      context.run({ tenant: `t${n % 3}` }, () =>
        (n % 2 ? note : other).enqueue(db, { input: { n }, ...(n % 5 === 0 && { key: 'same' }) }),
      ),
    ),
  );
  assert.ok(statements.count <= 4, `${statements.count} statements`);
  const rows = new Map((await listTasks(db, {}, { limit: 1_000 })).map((row) => [row.id, row]));
  for (const [n, { id, key, isNew }] of enqueued.entries()) {
    const row = rows.get(id)!;
    assert.deepEqual([row.kind, row.tenant], [n % 2 ? 'test.note' : 'test.other', `t${n % 3}`]);
    assert.equal(row.key ?? undefined, key);
    if (isNew) assert.deepEqual(row.input, { n });
  }
  // One of each kind and tenant.
  assert.equal(rows.size, 80 + 6);
  assert.equal(enqueued.filter(({ isNew }) => isNew).length, rows.size);
});

test('one that is refused is refused alone, with its own error', async () => {
  await using db = await testDatabase();
  const answers = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      note.enqueue(db, { input: { n }, ...(n === 7 && { delay: '999999999999d' as const }) }),
    ),
  );
  assert.deepEqual(
    answers.flatMap(({ status }, n) => (status === 'rejected' ? [n] : [])),
    [7],
  );
  const { reason } = answers[7] as PromiseRejectedResult;
  assert.equal(reason.code, 'INVALID_INPUT');
  assert.equal((await listTasks(db)).length, 19);
});

test('a key that an open transaction is adding is waited for by those who want it, and by nobody else', async () => {
  await using db = await testDatabase();
  const held = Promise.withResolvers<void>();
  const added = Promise.withResolvers<void>();
  const holder = db.transaction(async (tx) => {
    await note.enqueue(tx, { key: 'k', input: { n: 1 } });
    added.resolve();
    await held.promise;
    // It needs the others itself.
    await note.enqueue(db, { input: { n: 2 } });
  });
  await added.promise;
  let settled = false;
  const same = note.enqueue(db, { key: 'k', input: { n: 3 } }).finally(() => {
    settled = true;
  });
  await Promise.all([4, 5, 6].map((n) => note.enqueue(db, { input: { n } })));
  assert.equal(settled, false);
  held.resolve();
  await holder;
  assert.equal((await same).isNew, false);
  assert.equal((await listTasks(db)).length, 5);
});

test('a caller who leaves before its statement is sent has enqueued nothing', async () => {
  await using db = await testDatabase({ poolSize: 1 });
  const held = Promise.withResolvers<void>();
  const busy = db.transaction(() => held.promise);
  const first = Promise.all([1, 2].map((n) => note.enqueue(db, { input: { n } })));
  const late = context.run({ deadline: systemClock.now() + 20 }, () => note.enqueue(db, { input: { n: 3 } }));
  await assert.rejects(late, { code: 'DEADLINE_EXCEEDED' });
  const last = note.enqueue(db, { input: { n: 4 } });
  held.resolve();
  await busy;
  await Promise.all([first, last]);
  assert.deepEqual(
    (await listTasks(db)).map(({ input }) => input),
    [{ n: 1 }, { n: 2 }, { n: 4 }],
  );
});

test('while the database is away all callers are told so', async () => {
  const db = await testDatabase();
  await db.close();
  const answers = await Promise.allSettled([1, 2, 3].map((n) => note.enqueue(db, { input: { n } })));
  for (const answer of answers) {
    assert.equal(answer.status, 'rejected');
    assert.equal((answer as PromiseRejectedResult).reason.code, 'UNAVAILABLE');
  }
});
