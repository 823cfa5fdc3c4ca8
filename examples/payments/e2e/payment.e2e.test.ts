/** A payment by curl's means, over the whole platform. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { attachOrStart } from 'goblin';
import type { Payment } from '../services/payments/contract.ts';
import { startPlatform } from './platform.fixture.ts';
import { until } from './until.fixture.ts';

const SETTLE_TIMEOUT_MS = 60_000;

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

test('closing the day books what has settled, and each merchant reads its own book', async () => {
  const headers = { merchant: 'night-market' };
  const answer = await platform.pay(randomUUID(), order, headers.merchant);
  const { id, merchant } = (await answer.json()) as Payment;
  assert.equal(merchant, 'night-market');
  const report = async (path: string, accept = 'application/json'): Promise<string> =>
    (await platform.fetch(path, { headers: { ...headers, accept } })).text();
  await until(
    async () => {
      const [row] = JSON.parse(await report('/reports/payment_report?select=settled')) as {
        settled: number;
      }[];
      return row?.settled === 1;
    },
    SETTLE_TIMEOUT_MS,
    () => `${id} is not settled`,
  );
  assert.equal((await platform.goblin('schedule', 'run', 'close-day')).code, 0);
  let book = '';
  await until(
    async () => {
      book = await report('/reports/day_book?select=merchant,currency,payments,minor', 'text/csv');
      return book.includes('EUR');
    },
    SETTLE_TIMEOUT_MS,
    () => `nothing is in the book: ${book}`,
  );
  assert.deepEqual(book.trim().split(/\r?\n/), [
    'merchant,currency,payments,minor',
    'night-market,EUR,1,1999',
  ]);

  const found = await platform.goblin('audit', 'search', '--subject', `payment/${id}`);
  assert.match(found.output, /payment\.settled[\s\S]*payment\.charged/);
  const verified = await platform.goblin('audit', 'verify');
  assert.equal(verified.code, 0, verified.output);
});

test('who gives an address gets the receipt as a mail; without a mail server it is a file', async () => {
  await platform.pay(randomUUID(), { ...order, email: 'ada@example.com' });
  const outbox = join(platform.dataFolder, 'outbox', 'receipts');
  const mails = (): string[] =>
    existsSync(outbox) ? readdirSync(outbox).filter((file) => file.endsWith('.eml')) : [];
  await until(
    () => mails().length > 0,
    SETTLE_TIMEOUT_MS,
    () => 'no mail has come',
  );
  const mail = readFileSync(join(outbox, mails()[0]!), 'utf8');
  assert.match(mail, /^To: ada@example\.com\r$/m);
  assert.equal(mails().length, 1);
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
