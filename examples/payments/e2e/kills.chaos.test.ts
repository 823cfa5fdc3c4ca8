/** Under load, processes are killed without warning, one after the other: every service, and PostgreSQL. At the edge
 * no request fails; afterwards the books of the acquirer, the payments and the receipts agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Payment } from '../services/payments/contract.ts';
import { assertChargesAgree, assertReceiptsComplete, finalPayments } from './books.fixture.ts';
import { type Load, startLoad } from './load.fixture.ts';
import { type Platform, startPlatform } from './platform.fixture.ts';
import { killOne, killPostgres } from './processes.fixture.ts';
import { until } from './until.fixture.ts';

const SERVICES = ['payments', 'tax', 'processing', 'webhooks', 'receipts', 'shop', 'acquirer'];
const ROUNDS = 2;
/** Each kill meets a platform that has its part back and works: what is tested is one loss at a time, not how fast
 * this machine starts processes. */
const PAYMENTS_BETWEEN_KILLS = 10;
const PATIENCE_MS = 180_000;
const REPLAYS = 20;

const skip = process.platform !== 'linux' && 'it finds processes by /proc';

async function killEverything(platform: Platform, load: Load, onKill: (what: string) => void): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    for (const service of SERVICES) {
      const said = platform.output.length;
      onKill(service);
      killOne(platform, service);
      await load.more(PAYMENTS_BETWEEN_KILLS);
      await until(
        () => isComplete(service, platform.output.slice(said)),
        PATIENCE_MS,
        () => `${service} did not come back:\n${platform.output.slice(said)}`,
      );
    }
    await load.more(PAYMENTS_BETWEEN_KILLS);
    onKill('postgres');
    await killPostgres(platform);
    await load.more(PAYMENTS_BETWEEN_KILLS);
  }
}

/** Whether it was said of a service that all of its instances are ready: `tax: healthy, 2 of 2 ready`. */
function isComplete(service: string, output: string): boolean {
  return new RegExp(`^${service}: \\w+, (\\d+) of \\1 ready`, 'm').test(output);
}

test('kill -9 of every part under load: no request fails, none is charged twice, the books agree', {
  skip,
}, async (t) => {
  await using platform = await startPlatform({ trouble: 0.05 });
  const load = startLoad(platform);
  const kills: string[] = [];
  try {
    await killEverything(platform, load, (what) => kills.push(`${new Date().toISOString()} ${what}`));
  } finally {
    await load.stop();
  }
  const slowest = `the slowest answered within ${Math.round(load.slowestMs)} ms`;
  t.diagnostic(`${load.paid.length} payments during ${kills.length} kills, ${slowest}`);
  assert.deepEqual(load.failures, [], `killed:\n${kills.join('\n')}`);

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
