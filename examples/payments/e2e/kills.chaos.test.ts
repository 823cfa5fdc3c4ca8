/** Under load, processes are killed without warning, one after the other: each service, and PostgreSQL's postmaster. At the edge
 * no request fails; afterwards the books of the acquirer, the payments and the receipts agree to the cent. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Payment } from '../services/payments/contract.ts';
import { type Platform, startPlatform } from './platform.fixture.ts';
import { until } from './until.fixture.ts';

const SERVICES = ['payments', 'tax', 'processing', 'webhooks', 'receipts', 'shop', 'acquirer'];
const ROUNDS = 2;
const BETWEEN_KILLS_MS = 1_500;
const WORKERS = 4;
const PAUSE_MS = 50;
const CALM_TIMEOUT_MS = 90_000;

const FINAL = new Set(['settled', 'declined', 'failed']);

/** The processes that run a service for this platform, by what Linux says of them. */
function pidsOf(platform: Platform, service: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        return (
          environment.includes(`GOBLIN_DATA=${platform.dataFolder}`) &&
          command[command.indexOf('run') + 1] === service &&
          command.includes('run')
        );
      } catch {
        return false;
      }
    });
}

function postmasterOf(platform: Platform): number {
  const [file] = globSync(join(platform.dataFolder, 'postgres/**/postmaster.pid'));
  return Number(readFileSync(file!, 'utf8').split('\n')[0]);
}

async function killAll(platform: Platform, killed: string[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    for (const service of SERVICES) {
      const pids = pidsOf(platform, service);
      const pid = pids[Math.floor(Math.random() * pids.length)];
      assert.ok(pid, `no process of ${service} was found`);
      process.kill(pid, 'SIGKILL');
      killed.push(service);
      await sleep(BETWEEN_KILLS_MS);
    }
    process.kill(postmasterOf(platform), 'SIGKILL');
    killed.push('postgres');
    await sleep(2 * BETWEEN_KILLS_MS);
  }
}

function randomOrder(): object {
  const number = ['4242424242424242', '4242424242424242', '4242424242424242', '4000000000000002'];
  return {
    amount: { currency: 'EUR', minor: 100 + Math.floor(Math.random() * 10_000) },
    country: ['FR', 'DE', 'FI', 'CH'][Math.floor(Math.random() * 4)],
    card: { number: number[Math.floor(Math.random() * number.length)] },
  };
}

test('kill -9 of every part under load: no request fails, nothing is charged twice, and the books agree', {
  skip: process.platform !== 'linux' && 'it finds processes by /proc',
}, async (context) => {
  await using platform = await startPlatform({ trouble: 0.05 });
  const payments = new Map<string, { order: object; id: string }>();
  const failures: string[] = [];
  const killed: string[] = [];
  let loading = true;

  async function load(): Promise<void> {
    while (loading) {
      const key = randomUUID();
      const order = randomOrder();
      try {
        const answer = await platform.pay(key, order);
        const body = (await answer.json()) as Payment;
        if (answer.status === 201) payments.set(key, { order, id: body.id });
        else failures.push(`${killed.at(-1)}: ${answer.status} ${JSON.stringify(body)}`);
      } catch (error) {
        failures.push(`${killed.at(-1)}: ${String(error)}`);
      }
      await sleep(PAUSE_MS);
    }
  }

  const workers = Array.from({ length: WORKERS }, load);
  await killAll(platform, killed);
  loading = false;
  await Promise.all(workers);
  context.diagnostic(`${payments.size} payments during ${killed.length} kills`);
  assert.deepEqual(failures, []);
  assert.ok(payments.size > 100);

  const byId = new Map<string, Payment>();
  for (const { id } of payments.values()) {
    const isFinal = async (): Promise<boolean> => {
      const answer = await platform.fetch(`/v1/payments/${id}`);
      if (!answer.ok) return false;
      byId.set(id, (await answer.json()) as Payment);
      return FINAL.has(byId.get(id)!.status);
    };
    await until(isFinal, CALM_TIMEOUT_MS, () => `${id} is still ${byId.get(id)?.status}`);
  }
  assert.equal(byId.size, payments.size, 'each key has a payment of its own');

  const charges = new Map((await platform.charges()).map((charge) => [charge.reference, charge]));
  for (const payment of byId.values()) {
    const charge = charges.get(payment.id);
    if (payment.status === 'settled')
      assert.deepEqual([charge?.status, charge?.amount], ['settled', payment.amount]);
    else
      assert.ok(
        !charge || ['declined', 'canceled'].includes(charge.status),
        `${payment.id} ${payment.status} but ${charge?.status}`,
      );
  }
  for (const [reference, { status }] of charges) {
    if (status === 'settled') assert.ok(byId.has(reference), `${reference} was charged and is no payment`);
  }

  const settled = [...byId.values()].filter(({ status }) => status === 'settled');
  const numbers = new Set<number>();
  for (const { id } of settled) {
    await until(
      async () => {
        const answer = await platform.fetch(`/receipts/${id}`);
        const number = /Receipt <span>\d{4}-(\d+)/.exec(await answer.text())?.[1];
        if (number) numbers.add(Number(number));
        return answer.ok;
      },
      CALM_TIMEOUT_MS,
      () => `${id} has no receipt`,
    );
  }
  assert.deepEqual(
    [...numbers].sort((a, b) => a - b),
    settled.map((_, index) => index + 1),
  );

  for (const [key, { order, id }] of [...payments].slice(0, 20)) {
    assert.equal(((await (await platform.pay(key, order)).json()) as Payment).id, id);
  }
});
