import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type TestPlatform, testPlatform } from 'goblin';
import tax from '../tax/service.ts';
import { sharedDataFolder } from '../test-services.fixture.ts';
import type { Payment } from './contract.ts';
import payments from './service.ts';

const dataFolder = await sharedDataFolder();
const order = {
  amount: { currency: 'EUR', minor: 1999 },
  country: 'FR',
  card: { number: '4242424242424242' },
};

function platformThat(outcome: object): Promise<TestPlatform> {
  const processing = { authorize: async () => outcome };
  return testPlatform({ payments, tax, processing }, { dataFolder, config: { FINGERPRINT_KEY: 'a key' } });
}

const authorized = { status: 'authorized', chargeId: 'ch_1' };

function post(platform: TestPlatform, body: unknown, key?: string): Promise<Response> {
  return platform.fetch('payments', '/v1/payments', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

test('POST /v1/payments answers 201, and the same again to the same key', async () => {
  await using platform = await platformThat(authorized);
  const key = randomUUID();
  const first = await post(platform, order, key);
  const payment = (await first.json()) as Payment;
  assert.equal(first.status, 201);
  assert.equal(first.headers.get('location'), `/v1/payments/${payment.id}`);
  assert.equal(first.headers.get('idempotent-replayed'), null);
  const second = await post(platform, order, key);
  assert.equal(second.status, 201);
  assert.equal(second.headers.get('idempotent-replayed'), 'true');
  assert.deepEqual(await second.json(), payment);
});

test('what is wrong with a request is said as problem details', async () => {
  await using platform = await platformThat(authorized);
  const used = randomUUID();
  await post(platform, order, used);
  const cases: [number, string, Promise<Response>][] = [
    [400, 'INVALID_INPUT', post(platform, order)],
    [400, 'MALFORMED_REQUEST', post(platform, '{', randomUUID())],
    [400, 'INVALID_INPUT', post(platform, { ...order, card: { number: '4242424242424241' } }, randomUUID())],
    [400, 'INVALID_INPUT', post(platform, { ...order, amount: { currency: 'XYZ', minor: 1 } }, randomUUID())],
    [422, 'UNKNOWN_COUNTRY', post(platform, { ...order, country: 'US' }, randomUUID())],
    [422, 'IDEMPOTENCY_KEY_REUSED', post(platform, { ...order, country: 'DE' }, used)],
    [404, 'NOT_FOUND', platform.fetch('payments', `/v1/payments/pay_${'0'.repeat(32)}`)],
    [404, 'NOT_FOUND', platform.fetch('payments', `/v1/payments/pay_${'0'.repeat(32)}/events`)],
    [400, 'INVALID_INPUT', platform.fetch('payments', '/v1/payments/1')],
    [400, 'INVALID_INPUT', platform.fetch('payments', '/v1/payments?limit=1000')],
  ];
  for (const [status, code, answer] of cases) {
    const response = await answer;
    const problem = (await response.json()) as { code: string };
    assert.deepEqual([response.status, problem.code], [status, code]);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.ok(!JSON.stringify(problem).includes('424242424242'), 'no card number in an error');
  }
});

test('the events of a payment end when it is final', async () => {
  await using platform = await platformThat({ status: 'declined', reason: 'card_declined' });
  const { id } = (await (await post(platform, order, randomUUID())).json()) as Payment;
  const events = await platform.fetch('payments', `/v1/payments/${id}/events`);
  assert.equal(events.headers.get('content-type'), 'text/event-stream');
  const [event, , data] = (await events.text()).split('\n');
  assert.equal(event, 'event: payment');
  assert.equal((JSON.parse(data!.slice('data: '.length)) as Payment).status, 'declined');
});

test('the payments are listed', async () => {
  await using platform = await platformThat(authorized);
  const { id } = (await (await post(platform, order, randomUUID())).json()) as Payment;
  const answer = await platform.fetch('payments', '/v1/payments?limit=1');
  const page = (await answer.json()) as { payments: Payment[] };
  assert.deepEqual(
    page.payments.map((payment) => payment.id),
    [id],
  );
});
