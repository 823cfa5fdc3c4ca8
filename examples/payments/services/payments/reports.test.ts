import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { testPlatform } from 'goblin';
import tax from '../tax/service.ts';
import { sharedDataFolder } from '../test-services.fixture.ts';
import payments from './service.ts';

const dataFolder = await sharedDataFolder();
const config = { FINGERPRINT_KEY: 'a key' };
const declined = { authorize: async () => ({ status: 'declined', reason: 'card_declined' }) };

test('each merchant has its own payments, keys and reports, and reads no more than these', async () => {
  await using platform = await testPlatform({ payments, tax, processing: declined }, { dataFolder, config });
  const ask = (merchant: string, path: string, init: RequestInit = {}) =>
    platform.fetch('payments', path, { ...init, headers: { merchant, ...init.headers } });
  const key = randomUUID();
  const order = {
    amount: { currency: 'EUR', minor: 1999 },
    country: 'FR',
    card: { number: '4242424242424242' },
  };
  const paid: string[] = [];
  for (const merchant of ['goblin-shop', 'night-market']) {
    const headers = { 'idempotency-key': key, 'content-type': 'application/json' };
    const answer = await ask(merchant, '/v1/payments', {
      method: 'POST',
      headers,
      body: JSON.stringify(order),
    });
    assert.deepEqual([answer.status, answer.headers.get('idempotent-replayed')], [201, null]);
    paid.push(((await answer.json()) as { id: string }).id);
  }
  assert.equal((await ask('night-market', `/v1/payments/${paid[0]}`)).status, 404);
  assert.equal((await ask('goblin-shop', `/v1/payments/${paid[0]}`)).status, 200);
  assert.equal((await ask('somebody', '/v1/payments')).status, 400);

  const report = await ask(
    'night-market',
    '/reports/payment_report?select=merchant,currency,settled,declined',
  );
  assert.deepEqual(await report.json(), [
    { merchant: 'night-market', currency: 'EUR', settled: 0, declined: 1 },
  ]);
  const csv = await ask('night-market', '/reports/payment_report?select=currency,declined', {
    headers: { accept: 'text/csv' },
  });
  assert.match(await csv.text(), /^currency,declined\r?\nEUR,1\s*$/);
  assert.deepEqual(await (await ask('night-market', '/reports/day_book')).json(), []);

  assert.equal((await ask('night-market', '/reports/payment')).status, 404);
  const row = JSON.stringify({ day: '2026-11-20', currency: 'EUR', payments: 1, minor: 1 });
  const forged = await ask('night-market', '/reports/day_book', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: row,
  });
  assert.ok([401, 403].includes(forged.status), String(forged.status));
});
