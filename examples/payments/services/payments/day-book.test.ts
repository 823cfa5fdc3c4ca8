import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';
import { testDatabase } from '@goblin/data/testing';
import { sql, withTenant } from 'goblin';
import { money } from '../../money/money.ts';
import { asMerchant } from '../test-services.fixture.ts';
import { closeDay } from './day-book.ts';
import type { Merchant } from './merchants.ts';
import { paymentTable } from './payment-table.ts';

const all = await testDatabase({
  migrations: new URL('./migrations', import.meta.url),
  schema: 'payments',
});
const db = withTenant(all);
const table = paymentTable(db);
const merchants: readonly Merchant[] = ['goblin-shop', 'night-market'];

after(() => all.close());
beforeEach(async () => {
  for (const merchant of merchants)
    for (const text of ['delete from payment', 'delete from day_book'])
      await asMerchant(merchant, () => db.query(text));
});

async function settledAt(time: string, merchant: Merchant, currency: string, minor: number): Promise<void> {
  await asMerchant(merchant, async () => {
    const order = { amount: money(currency, minor), country: 'FR', card: { number: '4242424242424242' } };
    const kept = { key: randomUUID(), fingerprint: 'f', order, lines: [], taxes: [] };
    const { id } = (await table.insert(db, kept))!;
    await db.query(sql`update payment set status = 'settled', settled_at = ${time} where id = ${id}`);
  });
}

function bookOf(merchant: Merchant): Promise<unknown[][]> {
  const rows = sql`select day, currency, payments, minor from day_book order by day, currency`;
  return asMerchant(merchant, async () =>
    (await db.many<Record<string, unknown>>(rows)).map((row) => Object.values(row)),
  );
}

test('midnight in Berlin closes the day before, for each merchant and currency', async () => {
  await settledAt('2026-11-20T12:00:00Z', 'goblin-shop', 'EUR', 1999);
  await settledAt('2026-11-20T22:59:59Z', 'goblin-shop', 'EUR', 1);
  await settledAt('2026-11-20T12:00:00Z', 'goblin-shop', 'JPY', 3200);
  await settledAt('2026-11-20T23:00:00Z', 'goblin-shop', 'EUR', 500);
  await settledAt('2026-11-20T12:00:00Z', 'night-market', 'EUR', 42);
  await closeDay(db, new Date('2026-11-20T23:00:00Z'));
  assert.deepEqual(await bookOf('goblin-shop'), [
    ['2026-11-20', 'EUR', 2, 2000],
    ['2026-11-20', 'JPY', 1, 3200],
  ]);
  assert.deepEqual(await bookOf('night-market'), [['2026-11-20', 'EUR', 1, 42]]);
});

test('a payment is in the book once, however often and at whatever time a day is closed', async () => {
  await settledAt('2026-11-20T09:00:00Z', 'goblin-shop', 'EUR', 1000);
  const noon = new Date('2026-11-20T11:00:00Z');
  await Promise.all([closeDay(db, noon), closeDay(db, noon), closeDay(db, noon)]);
  await settledAt('2026-11-20T14:00:00Z', 'goblin-shop', 'EUR', 234);
  const midnight = new Date('2026-11-20T23:00:00Z');
  await closeDay(db, midnight);
  await closeDay(db, midnight);
  assert.deepEqual(await bookOf('goblin-shop'), [['2026-11-20', 'EUR', 2, 1234]]);
});
