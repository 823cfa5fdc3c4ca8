/** The way of a payment after it was authorised, over the three services that take part in it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGoblinError, type TestPlatform, testPlatform } from 'goblin';
import { TEST_SECRET } from '../acquirer/acquirer.fixture.ts';
import { sign } from '../acquirer/webhooks.ts';
import { until } from '../e2e/until.fixture.ts';
import { payments as paymentsContract } from './payments/contract.ts';
import payments from './payments/service.ts';
import { type Receipt, receipts as receiptsContract } from './receipts/contract.ts';
import { mailServer } from './receipts/mail-server.fixture.ts';
import receipts from './receipts/service.ts';
import tax from './tax/service.ts';
import { asMerchant, asShop, sharedDataFolder } from './test-services.fixture.ts';
import { webhooks as webhooksContract } from './webhooks/contract.ts';
import webhooks from './webhooks/service.ts';

const dataFolder = await sharedDataFolder();
const amount = { currency: 'EUR', minor: 1999 };
const order = { amount, country: 'FR', card: { number: '4242424242424242' } };

const authorized = { status: 'authorized', chargeId: 'ch_1' };

/** The processing answers with the given outcomes, one after the other. */
function platformWith(...outcomes: object[]): Promise<TestPlatform> {
  return platformOf({}, outcomes);
}

function platformOf(settings: Readonly<Record<string, string>>, outcomes: object[]): Promise<TestPlatform> {
  const processing = { authorize: async () => outcomes.shift() };
  const config = { FINGERPRINT_KEY: 'a key', WEBHOOK_SECRET: TEST_SECRET, ...settings };
  return testPlatform({ payments, webhooks, receipts, tax, processing }, { dataFolder, config });
}

async function tellSettled(
  platform: TestPlatform,
  paymentId: string,
  times = 1,
  merchant = 'goblin-shop',
): Promise<void> {
  const id = `msg_${randomUUID()}`;
  const seconds = Math.floor(Date.now() / 1_000);
  const body = JSON.stringify({
    type: 'charge.settled',
    data: { id: 'ch_1', reference: paymentId, merchant, amount },
  });
  const message = { id, timestamp: String(seconds), signature: sign(TEST_SECRET, id, seconds, body), body };
  for (let time = 0; time < times; time++) await platform.client(webhooksContract).receive(message);
}

async function receiptOf(platform: TestPlatform, paymentId: string): Promise<Receipt> {
  const until = Date.now() + 10_000;
  for (;;) {
    try {
      return await platform.client(receiptsContract).get({ paymentId });
    } catch (error) {
      if (!isGoblinError(error, 'NOT_FOUND') || Date.now() > until) throw error;
    }
  }
}

test(
  'a payment settles when the acquirer says so, and gets one receipt although it is told three times',
  asShop(async () => {
    await using platform = await platformWith(authorized);
    const client = platform.client(paymentsContract);
    const { payment } = await client.charge({ key: randomUUID(), order });
    await tellSettled(platform, payment.id, 2);
    await tellSettled(platform, payment.id);
    const receipt = await receiptOf(platform, payment.id);
    assert.equal(receipt.payment.status, 'settled');
    assert.deepEqual(receipt.payment, await client.get({ id: payment.id }));
  }),
);

test(
  'a settlement that comes before the answer to the charge counts',
  asShop(async () => {
    await using platform = await platformWith({ status: 'unknown' });
    const client = platform.client(paymentsContract);
    const { payment } = await client.charge({ key: randomUUID(), order });
    assert.equal(payment.status, 'pending');
    await tellSettled(platform, payment.id);
    await receiptOf(platform, payment.id);
    assert.equal((await client.get({ id: payment.id })).status, 'settled');
  }),
);

test(
  'a settlement of a payment that was declined is not believed',
  asShop(async () => {
    await using platform = await platformWith({ status: 'declined', reason: 'card_declined' }, authorized);
    const client = platform.client(paymentsContract);
    const declined = await client.charge({ key: randomUUID(), order });
    const charged = await client.charge({ key: randomUUID(), order });
    await tellSettled(platform, declined.payment.id);
    await tellSettled(platform, charged.payment.id);
    // Events come in order: when the second has its receipt, the first has been looked at.
    await receiptOf(platform, charged.payment.id);
    assert.equal((await client.get({ id: declined.payment.id })).status, 'declined');
  }),
);

test(
  'a settlement of another amount is not believed',
  asShop(async () => {
    await using platform = await platformWith(authorized, authorized);
    const client = platform.client(paymentsContract);
    const other = { ...order, amount: { currency: 'EUR', minor: 1998 } };
    const wrong = await client.charge({ key: randomUUID(), order: other });
    const right = await client.charge({ key: randomUUID(), order });
    await tellSettled(platform, wrong.payment.id);
    await tellSettled(platform, right.payment.id);
    await receiptOf(platform, right.payment.id);
    assert.equal((await client.get({ id: wrong.payment.id })).status, 'authorized');
  }),
);

/** The mails that were kept on this machine. */
async function keptMails(): Promise<string[]> {
  const folder = join(dataFolder, 'outbox', 'receipts');
  const files = await readdir(folder).catch(() => []);
  return Promise.all(
    files.filter((file) => file.endsWith('.eml')).map((file) => readFile(join(folder, file), 'utf8')),
  );
}

test(
  'who gives an address gets the receipt by mail, once, and the address is shown nowhere',
  asShop(async () => {
    await using platform = await platformWith(authorized, authorized);
    const client = platform.client(paymentsContract);
    const email = `ada-${randomUUID()}@example.com`;
    const { payment } = await client.charge({ key: randomUUID(), order: { ...order, email } });
    const without = await client.charge({ key: randomUUID(), order });
    await tellSettled(platform, payment.id, 2);
    await tellSettled(platform, without.payment.id);
    const { number } = await receiptOf(platform, payment.id);
    await receiptOf(platform, without.payment.id);
    const giveUpAt = Date.now() + 10_000;
    let mails: string[] = [];
    while (mails.length === 0 && Date.now() < giveUpAt)
      mails = (await keptMails()).filter((it) => it.includes(email));
    assert.equal(mails.length, 1);
    assert.match(mails[0]!, new RegExp(`^Subject: Your receipt ${number}\r$`, 'm'));
    assert.match(mails[0]!, /19\.99/);
    assert.equal((await keptMails()).length, 1);
    const shown = [await client.get({ id: payment.id }), await receiptOf(platform, payment.id)];
    assert.doesNotMatch(JSON.stringify(shown), /example\.com/);
  }),
);

test(
  'when the first mail server cannot take a receipt the other one gets it, once',
  asShop(async () => {
    await using busy = await mailServer({ isBusy: true });
    await using spare = await mailServer();
    const settings = { SMTP_URL: busy.url, SMTP_SPARE_URL: spare.url };
    await using platform = await platformOf(settings, [authorized]);
    const email = 'ada@example.com';
    const { payment } = await platform
      .client(paymentsContract)
      .charge({ key: randomUUID(), order: { ...order, email } });
    await tellSettled(platform, payment.id, 2);
    await until(
      () => spare.mails.length > 0,
      10_000,
      () => 'no mail has come',
    );
    assert.ok(busy.refused > 0);
    assert.match(
      spare.mails[0]!,
      /^From: The Goblin Shop <receipts@shop\.example>\r\nTo: ada@example\.com\r$/m,
    );
    assert.equal(spare.mails.length, 1);
  }),
);

test('each merchant counts its receipts, and a settlement in the name of another one is not believed', async () => {
  await using platform = await platformWith(authorized, authorized);
  const client = platform.client(paymentsContract);
  const charged = await asMerchant('night-market', () => client.charge({ key: randomUUID(), order }));
  const next = await asMerchant('night-market', () => client.charge({ key: randomUUID(), order }));
  await tellSettled(platform, charged.payment.id, 1, 'goblin-shop');
  await tellSettled(platform, next.payment.id, 1, 'night-market');
  const receipt = await receiptOf(platform, next.payment.id);
  assert.match(receipt.number, /-000001$/);
  const { status } = await asMerchant('night-market', () => client.get({ id: charged.payment.id }));
  assert.equal(status, 'authorized');
});
