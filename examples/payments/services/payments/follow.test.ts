import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { testDatabase } from '@goblin/data/testing';
import { type Client, type Database, fail, listTasks, testTelemetry, work } from 'goblin';
import { until as untilWithin } from '../../e2e/until.fixture.ts';
import { money } from '../../money/money.ts';
import type { Final, processing } from '../processing/contract.ts';
import type { Payment, Status } from './contract.ts';
import { follow, following } from './follow.ts';
import { type PaymentTable, paymentTable } from './payment-table.ts';
import { settling } from './settle.ts';

const { log } = testTelemetry();
const migrations = new URL('./migrations', import.meta.url);

const PATIENCE_MS = 10_000;
const amount = money('EUR', 1999);
const authorized: Final = { status: 'authorized', chargeId: 'ch_1' };

interface Followed extends AsyncDisposable {
  readonly db: Database;
  readonly table: PaymentTable;
  /** Keeps a payment that is followed at once. */
  pay(): Promise<Payment>;
  untilStatus(id: string, status: Status): Promise<void>;
  /** Until the payment is followed no more. */
  untilLetGo(id: string): Promise<void>;
}

function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  return untilWithin(condition, PATIENCE_MS, () => String(condition));
}

/** A worker that follows payments, beside a processing that answers as told. */
async function followed(resolve: (paymentId: string) => Final | Promise<Final>): Promise<Followed> {
  const db = await testDatabase({ migrations });
  const table = paymentTable(db);
  const processor: Client<typeof processing> = {
    authorize: () => fail('UNIMPLEMENTED'),
    resolve: async ({ paymentId }) => resolve(paymentId),
  };
  const stopping = new AbortController();
  const ended = work(db, follow, following({ table, processor, log }))(stopping.signal);
  return {
    db,
    table,
    async pay() {
      const order = { amount, country: 'FR', card: { number: '4242424242424242' } };
      const kept = { key: randomUUID(), fingerprint: 'f', order, lines: [], taxes: [] };
      const payment = await table.insert(db, kept);
      await follow.enqueue(db, { key: payment!.id, input: { payment: payment!.id } });
      return payment!;
    },
    untilStatus: (id, status) => until(async () => (await table.get(id)).status === status),
    untilLetGo: (id) => until(async () => (await listTasks(db)).every(({ key }) => key !== id)),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
      await db.close();
    },
  };
}

function settle(db: Database, table: PaymentTable, reference: string): Promise<void> {
  const payload = { chargeId: 'ch_1', reference, amount };
  const told = { id: 1, type: 'acquirer.charge-settled.v1', publishedAt: new Date(), source: 'webhooks' };
  return db.transaction((tx) => settling({ table, log })({ ...told, payload, tenant: undefined }, tx));
}

test('a pending payment gets the outcome that processing finds out', async () => {
  const outcomes: Final[] = [
    authorized,
    { status: 'declined', reason: 'card_declined' },
    { status: 'failed', reason: 'abandoned' },
  ];
  const found = new Map<string, Final>();
  await using parts = await followed((id) => {
    if (!found.has(id)) found.set(id, outcomes.shift()!);
    return found.get(id)!;
  });
  for (let count = outcomes.length; count > 0; count--) {
    const { id } = await parts.pay();
    await until(() => found.has(id));
    await parts.untilStatus(id, found.get(id)!.status);
  }
});

test('a payment whose outcome cannot be found out yet stays pending and holds up no other', async () => {
  const blocked = new Set<string>();
  await using parts = await followed((id) =>
    blocked.has(id) ? fail('ACQUIRER_UNAVAILABLE') : { status: 'failed', reason: 'abandoned' },
  );
  const first = await parts.pay();
  blocked.add(first.id);
  const second = await parts.pay();
  await parts.untilStatus(second.id, 'failed');
  blocked.clear();
  await parts.untilStatus(first.id, 'failed');
});

test('processing is asked once for an outcome, although the database fails to keep it the first time', async () => {
  let asked = 0;
  await using parts = await followed(() => {
    asked++;
    return authorized;
  });
  await parts.db.query("alter table payment add constraint unkept check (status <> 'authorized')");
  const { id } = await parts.pay();
  await until(() => asked === 1);
  await parts.db.query('alter table payment drop constraint unkept');
  await parts.untilStatus(id, 'authorized');
  assert.equal(asked, 1);
});

test('an authorized payment is followed without a process until its money has arrived', async () => {
  await using parts = await followed(() => authorized);
  const { id } = await parts.pay();
  await until(async () => (await listTasks(parts.db)).some(({ waitsFor }) => waitsFor === 'signal settled'));
  await settle(parts.db, parts.table, id);
  await parts.untilLetGo(id);
});

test('a payment that was settled meanwhile is left alone', async () => {
  const found = Promise.withResolvers<Final>();
  await using parts = await followed(() => found.promise);
  const { id } = await parts.pay();
  await settle(parts.db, parts.table, id);
  found.resolve({ status: 'failed', reason: 'abandoned' });
  await parts.untilLetGo(id);
  assert.equal((await parts.table.get(id)).status, 'settled');
});
