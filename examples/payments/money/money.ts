/** An amount of money: a currency and a whole number of its minor units (cents, yen, fils), never a fraction and
 * never a binary floating point sum. Numbers stay within the integers that JSON and JavaScript keep exactly
 * (up to 90 trillion euros); what would leave them is refused, not rounded. */
import { fail } from 'goblin';
import { z } from 'zod';
import { currencies } from './currencies.ts';

export const Money = z.object({
  currency: z.string().refine((code) => currencies.has(code), 'is not an ISO 4217 currency code'),
  minor: z.int(),
});
export type Money = z.infer<typeof Money>;

/** Money that changes hands: more than nothing. */
export const Price = Money.extend({ minor: z.int().positive() });

/** @throws INVALID_INPUT when the sum cannot be kept exactly. */
export function money(currency: string, minor: number | bigint): Money {
  const exact = Number(minor);
  if (!Number.isSafeInteger(exact)) {
    fail(
      'INVALID_INPUT',
      { minor: String(minor) },
      `${minor} minor units of ${currency} are too much to be kept exactly`,
    );
  }
  return { currency, minor: exact === 0 ? 0 : exact };
}

/** @throws INVALID_INPUT when the currencies differ. */
export function add(a: Money, b: Money): Money {
  return money(same(a, b), BigInt(a.minor) + BigInt(b.minor));
}

/** @throws INVALID_INPUT when the currencies differ. */
export function subtract(a: Money, b: Money): Money {
  return money(same(a, b), BigInt(a.minor) - BigInt(b.minor));
}

/** The sum of no amounts at all is zero of the given currency. */
export function sum(currency: string, amounts: readonly Money[]): Money {
  return amounts.reduce(add, money(currency, 0));
}

/** `19.99`, `1999` for yen, `1.999` for Kuwaiti dinars. */
export function toDecimal({ currency, minor }: Money): string {
  const digits = currencies.get(currency)?.digits ?? 0;
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  const sign = minor < 0 ? '-' : '';
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** For people, in their language: `€19.99`, `19,99 €`. The digits are formatted as text and stay exact. */
export function format(amount: Money, locale: string): string {
  const digits = currencies.get(amount.currency)?.digits ?? 0;
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: amount.currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(toDecimal(amount) as Intl.StringNumericLiteral);
}

function same(a: Money, b: Money): string {
  if (a.currency !== b.currency) {
    fail(
      'INVALID_INPUT',
      { currencies: [a.currency, b.currency] },
      `${a.currency} and ${b.currency} do not add up`,
    );
  }
  return a.currency;
}
