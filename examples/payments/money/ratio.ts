/** Exact fractions for rates. `25.5 %` is 255/1000 and not the binary number beside it. Rounding happens in one
 * place, `portion`, and is commercial: half a minor unit goes away from zero (1.5 → 2, -1.5 → -2). */
import { fail } from 'goblin';
import { type Money, money } from './money.ts';

export interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** The ratio that a percentage written as a decimal stands for: `'25.5'` → 255/1000. @throws INVALID_INPUT */
export function percent(text: string): Ratio {
  const match = /^(\d{1,6})(?:\.(\d{1,6}))?$/.exec(text);
  if (!match)
    fail(
      'INVALID_INPUT',
      { rate: text },
      `${JSON.stringify(text)} is not a percentage such as "20" or "25.5"`,
    );
  const [, whole = '', decimals = ''] = match;
  return { numerator: BigInt(whole + decimals), denominator: 100n * 10n ** BigInt(decimals.length) };
}

/** The amount times the ratio, rounded half away from zero. */
export function portion(amount: Money, { numerator, denominator }: Ratio): Money {
  const product = BigInt(amount.minor) * numerator;
  const magnitude = (abs(product) * 2n + denominator) / (denominator * 2n);
  return money(amount.currency, product < 0n ? -magnitude : magnitude);
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
