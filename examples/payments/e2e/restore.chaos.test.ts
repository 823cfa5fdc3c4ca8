/** The worst day: the database is gone, its files too, and what is left is a backup. The acquirer has kept its own books; after the
 * restore both agree, receipts are numbered on without a gap, and nobody is charged twice. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { attachOrStart } from 'goblin';
import type { Payment } from '../services/payments/contract.ts';
import { assertChargesAgree, assertReceiptsComplete, finalPayments } from './books.fixture.ts';
import { type Paid, startLoad } from './load.fixture.ts';
import { type Platform, startPlatform } from './platform.fixture.ts';
import { until } from './until.fixture.ts';

const MIN_PAYMENTS = 30;
const PATIENCE_MS = 120_000;
const order = {
  amount: { currency: 'EUR', minor: 1999 },
  country: 'FR',
  card: { number: '4242424242424242' },
};

async function goblin(platform: Platform, ...args: string[]): Promise<string> {
  const { code, output } = await platform.goblin(...args);
  assert.equal(code, 0, `goblin ${args.join(' ')}:\n${output}`);
  return output;
}

async function somePayments(platform: Platform): Promise<readonly Paid[]> {
  const load = startLoad(platform);
  await until(
    () => load.paid.length >= MIN_PAYMENTS,
    PATIENCE_MS,
    () => `${load.paid.length} payments, ${load.failures.join()}`,
  );
  await load.stop();
  assert.deepEqual(load.failures, []);
  return load.paid;
}

/** Of the shop, as CSV. */
async function dayBook(platform: Platform): Promise<string> {
  const answer = await platform.fetch('/reports/day_book?order=day,currency', {
    headers: { accept: 'text/csv' },
  });
  return answer.text();
}

/** Stops the platform, and deletes all that PostgreSQL has on this machine. */
async function loseDatabase(platform: Platform): Promise<void> {
  const folder = join(platform.dataFolder, 'postgres');
  const server = await attachOrStart(folder);
  const { place } = server;
  await server.release();
  await platform.stop();
  for (const lost of [place.folder, folder]) await rm(lost, { recursive: true, force: true });
}

test('pay, back up, lose the database, restore: the books agree to the cent, and go on', async () => {
  await using platform = await startPlatform();
  const early = await somePayments(platform);
  await goblin(platform, 'schedule', 'run', 'close-day');
  await until(
    async () => (await dayBook(platform)).includes('EUR'),
    PATIENCE_MS,
    () => 'the day is not closed',
  );
  const book = await dayBook(platform);

  assert.match(await goblin(platform, 'backup', 'now'), / good /);
  // What comes after the base backup is in the log, which goes to the store all the time.
  const paid = [...early, ...(await somePayments(platform))];
  const before = await finalPayments(platform, paid);
  await assertReceiptsComplete(platform, before);
  await loseDatabase(platform);
  await goblin(platform, 'restore', '--at', 'latest');
  await platform.start();

  const after = await finalPayments(platform, paid);
  assert.deepEqual(after, before);
  await assertChargesAgree(platform, after);
  await assertReceiptsComplete(platform, after);
  assert.equal(await dayBook(platform), book);
  await goblin(platform, 'audit', 'verify');
  for (const { key, order: ordered, id } of paid.slice(0, 5))
    assert.equal(((await (await platform.pay(key, ordered)).json()) as Payment).id, id);

  const key = randomUUID();
  const { id } = (await (await platform.pay(key, order)).json()) as Payment;
  const all = await finalPayments(platform, [...paid, { key, order, id }]);
  assert.equal(all.at(-1)?.status, 'settled');
  await assertChargesAgree(platform, all);
  await assertReceiptsComplete(platform, all);
});
