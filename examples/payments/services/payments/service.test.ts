import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type Client, fail, isGoblinError, type StandIn, type TestPlatform, testPlatform } from 'goblin';
import type { Outcome } from '../processing/contract.ts';
import tax from '../tax/service.ts';
import { asShop, sharedDataFolder } from '../test-services.fixture.ts';
import { payments as contract, type Order } from './contract.ts';
import payments from './service.ts';

const dataFolder = await sharedDataFolder();
const order: Order = {
  amount: { currency: 'EUR', minor: 1999 },
  country: 'FR',
  card: { number: '4242424242424242' },
};

interface Payments extends AsyncDisposable {
  readonly platform: TestPlatform;
  readonly client: Client<typeof contract>;
  /** The ids that the processing was asked to charge. */
  readonly asked: string[];
}

/** The payments service with the real tax service and a processing that answers as told. */
async function paymentsWith(
  answer: (paymentId: string) => Promise<Outcome> = async (id) => ({
    status: 'authorized',
    chargeId: `ch_${id}`,
  }),
): Promise<Payments> {
  const asked: string[] = [];
  const processing: StandIn = {
    authorize: ({ paymentId }: { paymentId: string }) => {
      asked.push(paymentId);
      return answer(paymentId);
    },
  };
  const platform = await testPlatform(
    { payments, tax, processing },
    { dataFolder, config: { FINGERPRINT_KEY: 'a key' } },
  );
  return {
    platform,
    client: platform.client(contract),
    asked,
    [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
  };
}

test(
  'a payment is taken with its tax, and nothing of the card is kept but its brand and last digits',
  asShop(async () => {
    await using service = await paymentsWith();
    const { payment, replayed } = await service.client.charge({ key: randomUUID(), order });
    assert.equal(replayed, false);
    assert.equal(payment.status, 'authorized');
    assert.deepEqual(payment.tax, { currency: 'EUR', minor: 333 });
    assert.deepEqual(payment.net, { currency: 'EUR', minor: 1666 });
    assert.deepEqual(payment.card, { brand: 'Visa', last4: '4242' });
    assert.deepEqual(await service.client.get({ id: payment.id }), payment);
    assert.ok(!JSON.stringify(payment).includes(order.card.number));
  }),
);

test(
  'the same key and order give the same payment, and the card is charged once',
  asShop(async () => {
    await using service = await paymentsWith();
    const key = randomUUID();
    const first = await service.client.charge({ key, order });
    const second = await service.client.charge({ key, order });
    assert.deepEqual(second, { payment: first.payment, replayed: true });
    assert.deepEqual(service.asked, [first.payment.id]);
  }),
);

test(
  'the same key at the same time is one payment',
  asShop(async () => {
    await using service = await paymentsWith();
    const key = randomUUID();
    const charges = await Promise.all(
      Array.from({ length: 20 }, () => service.client.charge({ key, order })),
    );
    assert.equal(new Set(charges.map(({ payment }) => payment.id)).size, 1);
    assert.equal(new Set(service.asked).size, 1);
    assert.equal(charges.filter(({ replayed }) => !replayed).length, 1);
  }),
);

test(
  'the same key with another order is refused',
  asShop(async () => {
    await using service = await paymentsWith();
    const key = randomUUID();
    await service.client.charge({ key, order });
    const others: Order[] = [
      { ...order, amount: { currency: 'EUR', minor: 2000 } },
      { ...order, country: 'DE' },
      { ...order, card: { number: '5555555555554444' } },
    ];
    for (const other of others) {
      await assert.rejects(service.client.charge({ key, order: other }), (error) =>
        isGoblinError(error, 'IDEMPOTENCY_KEY_REUSED'),
      );
    }
  }),
);

test(
  'a declined payment stays declined, with its reason',
  asShop(async () => {
    await using service = await paymentsWith(async () => ({
      status: 'declined',
      reason: 'insufficient_funds',
    }));
    const key = randomUUID();
    const { payment } = await service.client.charge({ key, order });
    assert.deepEqual([payment.status, payment.reason], ['declined', 'insufficient_funds']);
    assert.equal((await service.client.charge({ key, order })).payment.status, 'declined');
    assert.equal(service.asked.length, 1);
  }),
);

test(
  'a payment without an answer is pending, and the same key goes on with it',
  asShop(async () => {
    let answers = 0;
    await using service = await paymentsWith(async (id) => {
      answers++;
      if (answers === 1) return { status: 'unknown' };
      if (answers === 2) fail('UNAVAILABLE');
      return { status: 'authorized', chargeId: `ch_${id}` };
    });
    const key = randomUUID();
    const statuses = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      statuses.push((await service.client.charge({ key, order })).payment.status);
    }
    assert.deepEqual(statuses, ['pending', 'pending', 'authorized']);
    assert.equal(new Set(service.asked).size, 1);
  }),
);

test(
  'lines are taxed by what they are, and must add up',
  asShop(async () => {
    await using service = await paymentsWith();
    const lines: Order['lines'] = [
      { text: 'Shirt', goods: 'general', amount: { currency: 'EUR', minor: 1999 } },
      { text: 'Book', goods: 'books', amount: { currency: 'EUR', minor: 2490 } },
    ];
    const amount = { currency: 'EUR', minor: 4489 };
    const { payment } = await service.client.charge({
      key: randomUUID(),
      order: { ...order, amount, lines },
    });
    assert.deepEqual(
      payment.taxes.map(({ rate, tax: { minor } }) => [rate, minor]),
      [
        ['20', 333],
        ['5.5', 130],
      ],
    );
    assert.equal(payment.net.minor + payment.tax.minor, 4489);
    await assert.rejects(service.client.charge({ key: randomUUID(), order: { ...order, lines } }), (error) =>
      isGoblinError(error, 'LINES_DO_NOT_ADD_UP'),
    );
  }),
);

test(
  'a country without a known tax is refused and leaves nothing behind',
  asShop(async () => {
    await using service = await paymentsWith();
    const key = randomUUID();
    await assert.rejects(service.client.charge({ key, order: { ...order, country: 'US' } }), (error) =>
      isGoblinError(error, 'UNKNOWN_COUNTRY'),
    );
    assert.equal((await service.client.charge({ key, order })).replayed, false);
  }),
);

test(
  'payments are listed from the newest on, page by page',
  asShop(async () => {
    await using service = await paymentsWith();
    const ids = [];
    for (let count = 0; count < 3; count++)
      ids.unshift((await service.client.charge({ key: randomUUID(), order })).payment.id);
    const first = await service.client.list({ limit: 2 });
    assert.deepEqual(
      first.payments.map(({ id }) => id),
      ids.slice(0, 2),
    );
    const second = await service.client.list({ limit: 1, before: ids[1]! });
    assert.deepEqual(
      second.payments.map(({ id }) => id),
      ids.slice(2),
    );
  }),
);

test(
  'a watcher sees a payment until its status is final',
  asShop(async () => {
    await using service = await paymentsWith(async () => ({ status: 'declined', reason: 'card_declined' }));
    const { payment } = await service.client.charge({ key: randomUUID(), order });
    const seen = [];
    for await (const { status } of service.client.watch({ id: payment.id })) seen.push(status);
    assert.deepEqual(seen, ['declined']);
  }),
);
