import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { testDatabase } from '@goblin/data/testing';
import { isGoblinError } from 'goblin';
import { paymentFixture } from './payment.fixture.ts';
import { findReceipt, issue } from './receipt-table.ts';

const migrations = new URL('./migrations', import.meta.url);

test('a payment gets one receipt, and its number stays', async () => {
  await using db = await testDatabase({ migrations });
  const payment = paymentFixture();
  await db.transaction((tx) => issue(tx, payment));
  const receipt = await findReceipt(db, payment.id);
  assert.deepEqual(receipt.payment, payment);
  assert.equal(receipt.number, `${new Date().getUTCFullYear()}-000001`);
  await db.transaction((tx) => issue(tx, payment));
  assert.deepEqual(await findReceipt(db, payment.id), receipt);
});

test('numbers have no gap, although receipts are issued side by side and some are rolled back', async () => {
  await using db = await testDatabase({ migrations });
  const payments = Array.from({ length: 30 }, paymentFixture);
  const issued = await Promise.allSettled(
    payments.map((payment, index) =>
      db.transaction(async (tx) => {
        await issue(tx, payment);
        if (index % 3 === 0) throw new Error('rolled back');
      }),
    ),
  );
  assert.equal(issued.filter(({ status }) => status === 'fulfilled').length, 20);
  const rows = await db.many<{ number: number }>('select number from receipt order by number');
  assert.deepEqual(
    rows.map(({ number }) => number),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
});

test('a payment without a receipt is not found', async () => {
  await using db = await testDatabase({ migrations });
  const id = `pay_${randomBytes(16).toString('hex')}`;
  await assert.rejects(findReceipt(db, id), (error) => isGoblinError(error, 'NOT_FOUND'));
});
