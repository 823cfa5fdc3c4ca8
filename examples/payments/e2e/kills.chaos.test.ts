/** Under load, processes are killed without warning, one after the other: every service, and PostgreSQL. At the edge
 * no request fails; afterwards the books of the acquirer, the payments and the receipts agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Payment } from '../services/payments/contract.ts';
import { assertChargesAgree, assertReceiptsComplete, finalPayments } from './books.fixture.ts';
import { startLoad } from './load.fixture.ts';
import { type Platform, startPlatform } from './platform.fixture.ts';
import { killOne, killPostgres } from './processes.fixture.ts';

const SERVICES = ['payments', 'tax', 'processing', 'webhooks', 'receipts', 'shop', 'acquirer'];
const ROUNDS = 2;
const BETWEEN_KILLS_MS = 1_500;
const REPLAYS = 20;

const skip = process.platform !== 'linux' && 'it finds processes by /proc';

async function killEverything(platform: Platform, onKill: (what: string) => void): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    for (const service of SERVICES) {
      onKill(service);
      killOne(platform, service);
      await sleep(BETWEEN_KILLS_MS);
    }
    onKill('postgres');
    await killPostgres(platform);
    await sleep(2 * BETWEEN_KILLS_MS);
  }
}

test('kill -9 of every part under load: no request fails, none is charged twice, the books agree', {
  skip,
}, async (t) => {
  await using platform = await startPlatform({ trouble: 0.05 });
  const load = startLoad(platform);
  const kills: string[] = [];
  try {
    await killEverything(platform, (what) => kills.push(`${new Date().toISOString()} ${what}`));
  } finally {
    await load.stop();
  }
  const slowest = `the slowest answered within ${Math.round(load.slowestMs)} ms`;
  t.diagnostic(`${load.paid.length} payments during ${kills.length} kills, ${slowest}`);
  assert.deepEqual(load.failures, [], `killed:\n${kills.join('\n')}`);
  assert.ok(load.paid.length > 100);

  const payments = await finalPayments(platform, load.paid);
  const counts = Object.entries(Object.groupBy(payments, ({ status }) => status));
  t.diagnostic(counts.map(([status, group]) => `${group.length} ${status}`).join(', '));
  assert.equal(
    new Set(payments.map(({ id }) => id)).size,
    load.paid.length,
    'each key has a payment of its own',
  );
  await assertChargesAgree(platform, payments);
  await assertReceiptsComplete(platform, payments);
  for (const { key, order, id } of load.paid.slice(0, REPLAYS)) {
    const again = (await (await platform.pay(key, order)).json()) as Payment;
    assert.equal(again.id, id);
  }
});
