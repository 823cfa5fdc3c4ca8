import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_KEY, testAcquirer } from './acquirer.fixture.ts';
import type { Charge } from './ledger.ts';

const OK = '4242424242424242';

async function call(
  url: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Charge }> {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${TEST_KEY}` },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Charge };
}

function request(reference: string, number = OK, minor = 1999): object {
  return { reference, merchant: 'goblin-shop', amount: { currency: 'EUR', minor }, card: { number } };
}

test('a reference is charged once, however many ask at the same time', async () => {
  await using acquirer = await testAcquirer();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => call(acquirer.url, 'POST', '/v1/charges', request('pay_1'))),
  );
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
  assert.equal([...acquirer.ledger.charges].length, 1);
  assert.equal((await call(acquirer.url, 'POST', '/v1/charges', request('pay_1', OK, 5))).status, 409);
});

test('no card number is kept', async () => {
  await using acquirer = await testAcquirer();
  await call(acquirer.url, 'POST', '/v1/charges', request('pay_1'));
  assert.ok(!JSON.stringify([...acquirer.ledger.charges]).includes(OK));
});

test('a charge is found by its reference, another is not', async () => {
  await using acquirer = await testAcquirer();
  const { body } = await call(acquirer.url, 'POST', '/v1/charges', request('pay_1', '4000000000000002'));
  assert.equal(body.status, 'declined');
  assert.deepEqual(await call(acquirer.url, 'GET', '/v1/charges?reference=pay_1'), { status: 200, body });
  assert.equal((await call(acquirer.url, 'GET', '/v1/charges?reference=pay_2')).status, 404);
});

test('a reference is charged or cancelled, whichever came first', async () => {
  await using acquirer = await testAcquirer();
  const charge = (reference: string, number = OK) =>
    call(acquirer.url, 'POST', '/v1/charges', request(reference, number));
  const cancel = (reference: string) => call(acquirer.url, 'POST', '/v1/cancellations', { reference });
  assert.equal((await cancel('early')).body.status, 'canceled');
  assert.equal((await charge('early')).body.status, 'canceled');
  await charge('late');
  assert.equal((await cancel('late')).body.status, 'authorized');
  await charge('no', '4000000000000002');
  assert.equal((await cancel('no')).body.status, 'declined');
  const [charged, cancelled] = await Promise.all([charge('race'), cancel('race')]);
  assert.deepEqual(charged.body, cancelled.body);
});

test('a charge whose answer was lost is found again by the same request', async () => {
  await using acquirer = await testAcquirer();
  const lost = fetch(`${acquirer.url}/v1/charges`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TEST_KEY}` },
    body: JSON.stringify(request('pay_1', '4000000000000341')),
    signal: AbortSignal.timeout(300),
  });
  await assert.rejects(lost);
  const id = acquirer.ledger.find('pay_1')?.id;
  assert.ok(id);
  assert.equal(
    (await call(acquirer.url, 'POST', '/v1/charges', request('pay_1', '4000000000000341'))).body.id,
    id,
  );
});

test('a card whose bank cannot be reached is refused and nothing is charged', async () => {
  await using acquirer = await testAcquirer();
  assert.equal(
    (await call(acquirer.url, 'POST', '/v1/charges', request('pay_1', '4000000000000119'))).status,
    503,
  );
  assert.equal(acquirer.ledger.find('pay_1'), undefined);
});

test('requests that are not understood or not authorised change nothing', async () => {
  await using acquirer = await testAcquirer();
  const bad = [
    '',
    '{',
    '[]',
    'null',
    '{}',
    request('a b'),
    { ...request('a'), merchant: undefined },
    request('a', '42'),
    request('a', OK, 0),
    request('a', OK, 0.5),
  ];
  for (const body of [...bad, 'x'.repeat(20_000)]) {
    assert.equal(
      (await call(acquirer.url, 'POST', '/v1/charges', body)).status,
      400,
      JSON.stringify(body).slice(0, 80),
    );
  }
  assert.equal((await fetch(`${acquirer.url}/v1/charges`)).status, 401);
  assert.equal((await fetch(`${acquirer.url}/`)).status, 200);
  assert.equal([...acquirer.ledger.charges].length, 0);
});
