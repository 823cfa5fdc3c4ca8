import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { testDatabase } from '@goblin/data/testing';
import { type Client, context, fail, listTasks, searchAudit, testTelemetry, withTenant, work } from 'goblin';
import { until as untilWithin } from '../../e2e/until.fixture.ts';
import { type Money, money } from '../../money/money.ts';
import type { Final, processing } from '../processing/contract.ts';
import { asMerchant, asShop } from '../test-services.fixture.ts';
import type { Payment, Status } from './contract.ts';
import { follow, following } from './follow.ts';
import { onChargeSettled } from './on-charge-settled.ts';
import { paymentTable } from './payment-table.ts';

const { log } = testTelemetry();
const all = await testDatabase({
  migrations: new URL('./migrations', import.meta.url),
  schema: 'payments',
});
const db = withTenant(all);
const table = paymentTable(db);
after(() => all.close());

const PATIENCE_MS = 60_000;
const amount = money('EUR', 1999);
const authorized: Final = { status: 'authorized', chargeId: 'ch_1' };

interface Followed extends AsyncDisposable {
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
async function followed(
  resolve: (paymentId: string) => Final | Promise<Final>,
  arrived: Money | null = null,
): Promise<Followed> {
  const processor: Client<typeof processing> = {
    authorize: () => fail('UNIMPLEMENTED'),
    resolve: async ({ paymentId }) => resolve(paymentId),
    settlement: async () => ({ amount: arrived }),
  };
  const stopping = new AbortController();
  const messageWithin = arrived ? '0ms' : '10m';
  const handler = following({ db, table, processor, log, messageWithin });
  const ended = work(all, follow, handler)(stopping.signal);
  return {
    async pay() {
      const order = { amount, country: 'FR', card: { number: '4242424242424242' } };
      const kept = { key: randomUUID(), fingerprint: 'f', order, lines: [], taxes: [] };
      const payment = await table.insert(db, kept);
      const { id, merchant } = payment!;
      await follow.enqueue(all, { key: id, input: { payment: id, merchant } });
      return payment!;
    },
    untilStatus: (id, status) => until(async () => (await table.get(id)).status === status),
    untilLetGo: (id) => until(async () => (await listTasks(all)).every(({ key }) => key !== id)),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

function settle(reference: string): Promise<void> {
  const payload = { chargeId: 'ch_1', reference, amount };
  const type = 'acquirer.charge-settled.v1';
  const told = { id: 1, type, key: undefined, publishedAt: new Date(), source: 'webhooks' };
  return db.transaction((tx) =>
    onChargeSettled({ table, log })({ ...told, payload, tenant: 'goblin-shop' }, tx),
  );
}

test(
  'a pending payment gets the outcome that processing finds out',
  asShop(async () => {
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
  }),
);

test(
  'a payment whose outcome cannot be found out yet stays pending and holds up no other',
  asShop(async () => {
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
  }),
);

test(
  'processing is asked once for an outcome, although the database fails to keep it the first time',
  asShop(async () => {
    let asked = 0;
    await using parts = await followed(() => {
      asked++;
      return authorized;
    });
    await all.query("alter table payment add constraint unkept check (status <> 'authorized') not valid");
    const { id } = await parts.pay();
    await until(() => asked === 1);
    await all.query('alter table payment drop constraint unkept');
    await parts.untilStatus(id, 'authorized');
    assert.equal(asked, 1);
  }),
);

test(
  'an authorized payment is followed without a process until its money has arrived',
  asShop(async () => {
    await using parts = await followed(() => authorized);
    const { id } = await parts.pay();
    await until(async () => (await listTasks(all)).some(({ waitsFor }) => waitsFor === 'signal settled'));
    await settle(id);
    await parts.untilLetGo(id);
  }),
);

test(
  'a payment that was settled meanwhile is left alone',
  asShop(async () => {
    const found = Promise.withResolvers<Final>();
    await using parts = await followed(() => found.promise);
    const { id } = await parts.pay();
    await settle(id);
    found.resolve({ status: 'failed', reason: 'abandoned' });
    await parts.untilLetGo(id);
    assert.equal((await table.get(id)).status, 'settled');
  }),
);

test(
  'when the acquirer never says that it has the money, it is asked, and the payment settles once',
  asShop(async () => {
    await using parts = await followed(() => authorized, amount);
    const { id } = await parts.pay();
    await parts.untilLetGo(id);
    // The message comes after all.
    await settle(id);
    assert.equal((await table.get(id)).status, 'settled');
    const { entries } = await searchAudit(all, { subject: { type: 'payment', id } });
    assert.deepEqual(
      entries.map(({ action, actor, tenant, reason }) => [action, actor, tenant, reason]),
      [
        [
          'payment.settled',
          'acquirer',
          'goblin-shop',
          'the acquirer has the money; its message did not come',
        ],
        ['payment.charged', null, 'goblin-shop', 'its outcome was found out afterwards'],
      ],
    );
  }),
);

test('a burst of one merchant, whose work takes long, does not hold up another merchant', async () => {
  const done = Promise.withResolvers<Final>();
  let held = 0;
  await using parts = await followed(() => {
    if (context.tenant === 'night-market') return { status: 'failed', reason: 'abandoned' };
    held++;
    return done.promise;
  });
  const burst = await asMerchant('goblin-shop', () =>
    Promise.all(Array.from({ length: 20 }, () => parts.pay())),
  );
  await until(() => held > 0);
  await asMerchant('night-market', async () => parts.untilLetGo((await parts.pay()).id));
  assert.ok(held <= 4, `${held} at once`);
  done.resolve({ status: 'failed', reason: 'abandoned' });
  for (const { id } of burst) await parts.untilLetGo(id);
});
