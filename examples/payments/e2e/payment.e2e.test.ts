/** A payment by curl's means, over the whole platform. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { attachOrStart } from 'goblin';
import type { Payment } from '../services/payments/contract.ts';
import { startPlatform } from './platform.fixture.ts';
import { until } from './until.fixture.ts';

const SETTLE_TIMEOUT_MS = 15_000;

const platform = await startPlatform();
after(() => platform[Symbol.asyncDispose]());

const order = {
  amount: { currency: 'EUR', minor: 1999 },
  country: 'FR',
  card: { number: '4242424242424242' },
};

async function payment(id: string): Promise<Payment> {
  return (await (await platform.fetch(`/v1/payments/${id}`)).json()) as Payment;
}

function untilStatus(id: string, status: Payment['status']): Promise<void> {
  const reached = async (): Promise<boolean> => (await payment(id)).status === status;
  return until(reached, SETTLE_TIMEOUT_MS, () => `${id} is not ${status}`);
}

test('a payment is authorised, settles by webhook and has a receipt; its key gives it again', async () => {
  const key = randomUUID();
  const first = await platform.pay(key, order);
  assert.equal(first.status, 201);
  const paid = (await first.json()) as Payment;
  assert.equal(paid.status, 'authorized');
  assert.deepEqual(paid.tax, { currency: 'EUR', minor: 333 });

  const second = await platform.pay(key, order);
  assert.equal(second.status, 201);
  assert.equal(second.headers.get('idempotent-replayed'), 'true');
  assert.equal(((await second.json()) as Payment).id, paid.id);

  await untilStatus(paid.id, 'settled');
  const charges = (await platform.charges()).filter(({ reference }) => reference === paid.id);
  assert.deepEqual(
    charges.map(({ status, amount }) => [status, amount]),
    [['settled', order.amount]],
  );

  await until(
    async () => (await platform.fetch(`/receipts/${paid.id}`)).status === 200,
    SETTLE_TIMEOUT_MS,
    () => `${paid.id} has no receipt`,
  );
  const receipt = await (await platform.fetch(`/receipts/${paid.id}`)).text();
  assert.match(receipt, /€19\.99[\s\S]*€3\.33/);
});

test('twenty requests at once with one key are one charge', async () => {
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 20 }, () => platform.pay(key, order)));
  const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as Payment).id));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  assert.equal(new Set(ids).size, 1);
  assert.equal((await platform.charges()).filter(({ reference }) => reference === ids[0]).length, 1);
});

test('a declined card is a payment too', async () => {
  const answer = await platform.pay(randomUUID(), { ...order, card: { number: '4000000000009995' } });
  const { status, reason } = (await answer.json()) as Payment;
  assert.deepEqual([answer.status, status, reason], [201, 'declined', 'insufficient_funds']);
});

test('the events of a payment tell when it settles', async () => {
  const { id } = (await (await platform.pay(randomUUID(), order)).json()) as Payment;
  const events = await (await platform.fetch(`/v1/payments/${id}/events`)).text();
  const statuses = [...events.matchAll(/"status":"(\w+)"/g)].map(([, status]) => status);
  assert.deepEqual(statuses, ['authorized', 'settled']);
});

test('a forged webhook is refused', async () => {
  const headers = {
    'content-type': 'application/json',
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
    'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
  };
  const answer = await platform.fetch('/webhooks/acquirer', { method: 'POST', headers, body: '{}' });
  assert.equal(answer.status, 401);
});

test('what was paid before Ctrl-C is there after the next start, and goes on', async () => {
  const key = randomUUID();
  const { id } = (await (await platform.pay(key, order)).json()) as Payment;
  assert.equal(await platform.stop(), 0);
  await platform.start();
  assert.equal(((await (await platform.pay(key, order)).json()) as Payment).id, id);
  await untilStatus(id, 'settled');
});

test('after all this the number of the card is in no file: no table, no log, no ledger', async () => {
  const server = await attachOrStart(join(platform.dataFolder, 'postgres'));
  await server.release();
  await platform.stop();
  const folders = new Set([platform.dataFolder, server.place.folder]);
  const files = [...folders].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true }),
  );
  const holding = files
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readFileSync(path).includes(order.card.number));
  assert.ok(files.length > 100);
  assert.deepEqual(holding, []);
  assert.ok(!platform.output.includes(order.card.number));
});
