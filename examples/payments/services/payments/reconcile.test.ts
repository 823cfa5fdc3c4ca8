import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { testDatabase } from '@goblin/data/testing';
import { type Client, fail, testTelemetry } from 'goblin';
import { money } from '../../money/money.ts';
import type { Final, processing } from '../processing/contract.ts';
import { paymentTable } from './payment-table.ts';
import { reconcile } from './reconcile.ts';

const { log } = testTelemetry();
const migrations = new URL('./migrations', import.meta.url);

const amount = money('EUR', 1999);

function newPayment() {
  const order = { amount, country: 'FR', card: { number: '4242424242424242' } };
  return { key: randomUUID(), fingerprint: 'f', order, lines: [], taxes: [] };
}

function processor(resolve: (paymentId: string) => Final): Client<typeof processing> {
  return {
    authorize: () => fail('UNIMPLEMENTED'),
    resolve: async ({ paymentId }) => resolve(paymentId),
  };
}

test('each pending payment gets the outcome that processing finds out', async () => {
  await using db = await testDatabase({ migrations });
  const table = paymentTable(db);
  const outcomes: Final[] = [
    { status: 'authorized', chargeId: 'ch_1' },
    { status: 'declined', reason: 'card_declined' },
    { status: 'failed', reason: 'abandoned' },
  ];
  const found = new Map<string, Final>();
  for (const outcome of outcomes) found.set((await table.insert(newPayment()))!.id, outcome);
  await reconcile({ table, processor: processor((id) => found.get(id)!), log }, 0);
  for (const [id, { status }] of found) assert.equal((await table.get(id)).status, status);
  assert.deepEqual(await table.pendingFor(0, 10), []);
});

test('a payment whose outcome cannot be found out yet stays pending and holds up no other', async () => {
  await using db = await testDatabase({ migrations });
  const table = paymentTable(db);
  const first = (await table.insert(newPayment()))!;
  const second = (await table.insert(newPayment()))!;
  const resolve = (id: string): Final =>
    id === first.id ? fail('ACQUIRER_UNAVAILABLE') : { status: 'failed', reason: 'abandoned' };
  await reconcile({ table, processor: processor(resolve), log }, 0);
  assert.equal((await table.get(first.id)).status, 'pending');
  assert.equal((await table.get(second.id)).status, 'failed');
});

test('a payment that is young, or that was settled meanwhile, is left alone', async () => {
  await using db = await testDatabase({ migrations });
  const table = paymentTable(db);
  const { id } = (await table.insert(newPayment()))!;
  assert.deepEqual(await table.pendingFor(60_000, 10), []);
  await table.settle(db, id, amount);
  assert.equal((await table.conclude(id, { status: 'failed', reason: 'abandoned' })).status, 'settled');
  assert.equal(await table.settle(db, id, amount), undefined);
});
