/** A few customers who pay all the time, each payment with a key of its own, and who do not repeat a request. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Payment } from '../services/payments/contract.ts';
import type { Platform } from './platform.fixture.ts';
import { until } from './until.fixture.ts';

const CUSTOMERS = 4;
const PAUSE_MS = 50;
/** Far longer than anything takes: it only makes a failing test end. */
const PATIENCE_MS = 180_000;
/** Every fourth card is declined. */
const CARDS = ['4242424242424242', '5555555555554444', '378282246310005', '4000000000000002'];
const COUNTRIES = ['FR', 'DE', 'FI', 'CH'];

export interface Paid {
  readonly key: string;
  readonly order: object;
  readonly id: string;
}

export interface Load {
  /** What was answered 201. */
  readonly paid: readonly Paid[];
  /** What was not. */
  readonly failures: readonly string[];
  /** How long the slowest answer took. */
  readonly slowestMs: number;
  /** Resolves when so many more have been answered, well or not. */
  more(count: number): Promise<void>;
  /** Resolves when the last request has been answered. */
  stop(): Promise<void>;
}

/** @param more of each order, such as who gets the receipt. */
export function startLoad(platform: Platform, more: object = {}): Load {
  const paid: Paid[] = [];
  const failures: string[] = [];
  let slowestMs = 0;
  let stopped = false;

  async function customer(): Promise<void> {
    while (!stopped) {
      const key = randomUUID();
      const order = { ...randomOrder(), ...more };
      const startedMs = performance.now();
      try {
        const answer = await platform.pay(key, order);
        const text = await answer.text();
        if (answer.status === 201) paid.push({ key, order, id: (JSON.parse(text) as Payment).id });
        else failures.push(`${new Date().toISOString()} ${answer.status} ${text}`);
      } catch (error) {
        failures.push(`${new Date().toISOString()} ${String((error as Error).cause ?? error)}`);
      }
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      await sleep(PAUSE_MS);
    }
  }

  const customers = Promise.all(Array.from({ length: CUSTOMERS }, customer));
  return {
    paid,
    failures,
    get slowestMs() {
      return slowestMs;
    },
    more(count) {
      const answered = (): number => paid.length + failures.length;
      const enough = answered() + count;
      return until(
        () => answered() >= enough,
        PATIENCE_MS,
        () => `${enough - answered()} of ${count} payments have no answer`,
      );
    },
    async stop() {
      stopped = true;
      await customers;
    },
  };
}

function randomOrder(): object {
  const oneOf = (choices: readonly string[]): string => choices[Math.floor(Math.random() * choices.length)]!;
  return {
    amount: { currency: 'EUR', minor: 100 + Math.floor(Math.random() * 10_000) },
    country: oneOf(COUNTRIES),
    card: { number: oneOf(CARDS) },
  };
}
