/** Splits an amount so that the parts always add up to it. Each part gets its exact share rounded down; the minor
 * units that are left go one by one to the parts with the largest remainders, the first of equals first
 * (largest remainder method, Hamilton 1792). No part is further than one minor unit from its exact share. */
import { fail } from 'goblin';
import { type Money, money } from './money.ts';

/** @param weights whole numbers from 0, at least one above 0, such as the prices of the lines of a basket.
 * @throws INVALID_INPUT when there is nothing to split by. */
export function split(amount: Money, weights: readonly number[]): Money[] {
  const shares = weights.map(weightOf);
  const total = shares.reduce((sum, weight) => sum + weight, 0n);
  if (total === 0n)
    fail('INVALID_INPUT', { weights }, 'an amount is split by weights of which at least one is above 0');

  const negative = amount.minor < 0;
  const whole = BigInt(Math.abs(amount.minor));
  const parts = shares.map((weight) => (whole * weight) / total);
  const remainders = shares.map((weight) => (whole * weight) % total);
  const left = Number(whole - parts.reduce((sum, part) => sum + part, 0n));
  const luckiest = remainders
    .map((remainder, index) => ({ remainder, index }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  for (const { index } of luckiest.slice(0, left)) parts[index]! += 1n;
  return parts.map((part) => money(amount.currency, negative ? -part : part));
}

function weightOf(weight: number): bigint {
  if (!Number.isSafeInteger(weight) || weight < 0) {
    fail('INVALID_INPUT', { weight }, `${weight} is not a weight: write a whole number from 0`);
  }
  return BigInt(weight);
}
