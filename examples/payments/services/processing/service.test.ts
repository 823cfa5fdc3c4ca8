import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type Client, isGoblinError, testPlatform } from 'goblin';
import { TEST_KEY, type TestAcquirer, testAcquirer } from '../../acquirer/acquirer.fixture.ts';
import { asShop, sharedDataFolder } from '../test-services.fixture.ts';
import { processing as contract } from './contract.ts';
import processing from './service.ts';

const dataFolder = await sharedDataFolder();
const amount = { currency: 'EUR', minor: 1999 };
const OK = { number: '4242424242424242' };

interface Processing extends AsyncDisposable {
  readonly client: Client<typeof contract>;
  readonly acquirer: TestAcquirer;
}

async function processingAt(options: { url?: string } = {}): Promise<Processing> {
  await using parts = new AsyncDisposableStack();
  const acquirer = parts.use(await testAcquirer());
  const config = { ACQUIRER_URL: options.url ?? acquirer.url, ACQUIRER_KEY: TEST_KEY };
  const client = parts.use(await testPlatform({ processing }, { dataFolder, config })).client(contract);
  // Starts the service, which takes its time and is no matter of the deadlines below.
  await client.resolve({ paymentId: newPaymentId() });
  const started = parts.move();
  return { client, acquirer, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

function newPaymentId(): string {
  return `pay_${randomBytes(16).toString('hex')}`;
}

test(
  'a payment is authorised once, however often and however many at the same time ask',
  asShop(async () => {
    await using platform = await processingAt();
    const { client, acquirer } = platform;
    const paymentId = newPaymentId();
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => client.authorize({ paymentId, amount, card: OK })),
    );
    const chargeId = acquirer.ledger.find(paymentId)?.id;
    for (const outcome of outcomes) assert.deepEqual(outcome, { status: 'authorized', chargeId });
    assert.equal([...acquirer.ledger.charges].length, 1);
  }),
);

test(
  'a declined card gives the reason of its bank',
  asShop(async () => {
    await using platform = await processingAt();
    const card = { number: '4000000000009995' };
    assert.deepEqual(await platform.client.authorize({ paymentId: newPaymentId(), amount, card }), {
      status: 'declined',
      reason: 'insufficient_funds',
    });
  }),
);

test(
  'an answer that got lost is asked for again, and the card is charged once',
  asShop(async () => {
    await using platform = await processingAt();
    const { client, acquirer } = platform;
    const card = { number: '4000000000000341' };
    const outcome = await client.authorize({ paymentId: newPaymentId(), amount, card });
    assert.equal(outcome.status, 'authorized');
    assert.equal([...acquirer.ledger.charges].length, 1);
  }),
);

test(
  'when the bank cannot be reached the outcome is unknown, until it is resolved: then nothing will be charged',
  asShop(async () => {
    await using platform = await processingAt();
    const { client, acquirer } = platform;
    const paymentId = newPaymentId();
    const card = { number: '4000000000000119' };
    assert.deepEqual(await client.authorize({ paymentId, amount, card }), { status: 'unknown' });
    assert.deepEqual(await client.resolve({ paymentId }), {
      status: 'failed',
      reason: 'acquirer_unreachable',
    });
    assert.deepEqual(await client.authorize({ paymentId, amount, card: OK }), {
      status: 'failed',
      reason: 'acquirer_unreachable',
    });
    assert.equal(acquirer.ledger.find(paymentId)?.status, 'canceled');
  }),
);

test(
  'a payment that was charged although the answer never came is found out',
  asShop(async () => {
    await using platform = await processingAt();
    const { client, acquirer } = platform;
    const paymentId = newPaymentId();
    const card = { number: '4000000000000341' };
    assert.deepEqual(await client.authorize({ paymentId, amount, card }, { deadline: '1.2s' }), {
      status: 'unknown',
    });
    assert.deepEqual(await client.resolve({ paymentId }), {
      status: 'authorized',
      chargeId: acquirer.ledger.find(paymentId)?.id,
    });
  }),
);

test(
  'a payment that was never tried is given up, and a late attempt does not charge it',
  asShop(async () => {
    await using platform = await processingAt();
    const { client, acquirer } = platform;
    const paymentId = newPaymentId();
    assert.deepEqual(await client.resolve({ paymentId }), { status: 'failed', reason: 'abandoned' });
    assert.deepEqual(await client.authorize({ paymentId, amount, card: OK }), {
      status: 'failed',
      reason: 'abandoned',
    });
    assert.equal(acquirer.ledger.find(paymentId), undefined);
  }),
);

test(
  'the money of a payment has arrived when the acquirer says so, with its amount',
  asShop(async () => {
    await using platform = await processingAt();
    const { client } = platform;
    const paymentId = newPaymentId();
    assert.deepEqual(await client.settlement({ paymentId }), { amount: null });
    await client.authorize({ paymentId, amount, card: OK });
    assert.deepEqual(await client.settlement({ paymentId }), { amount: null });
    let arrived: object | null = null;
    while (!arrived) arrived = (await client.settlement({ paymentId })).amount;
    assert.deepEqual(arrived, amount);
  }),
);

test('what belongs to no merchant is not charged', async () => {
  await using platform = await processingAt();
  const paymentId = newPaymentId();
  await assert.rejects(platform.client.authorize({ paymentId, amount, card: OK }), (error) =>
    isGoblinError(error, 'TENANT_REQUIRED'),
  );
  assert.equal(platform.acquirer.ledger.find(paymentId), undefined);
});

test(
  'while the acquirer is away the outcome stays unknown',
  asShop(async () => {
    await using platform = await processingAt({ url: 'http://127.0.0.1:1' });
    const paymentId = newPaymentId();
    const soon = { deadline: '1.5s' } as const;
    assert.deepEqual(await platform.client.authorize({ paymentId, amount, card: OK }, soon), {
      status: 'unknown',
    });
    await assert.rejects(platform.client.resolve({ paymentId }, soon), (error) =>
      isGoblinError(error, 'ACQUIRER_UNAVAILABLE'),
    );
  }),
);
