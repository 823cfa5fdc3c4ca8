/** What a basket costs. Shipping is no goods of its own: its price is split over the kinds of goods in the basket
 * by what they cost, and taxed as they are (an ancillary service shares the fate of the main one). */
import { fail } from 'goblin';
import { type Money, money, sum } from '../../money/money.ts';
import { split } from '../../money/split.ts';
import type { Line } from '../payments/contract.ts';
import type { Goods } from '../tax/contract.ts';
import { products, SHIPPING } from './products.ts';

export interface Item {
  readonly product: string;
  readonly quantity: number;
}

export interface Basket {
  /** With shipping as the last one or ones. */
  readonly lines: Line[];
  readonly shipping: Money;
  readonly total: Money;
}

/** @throws UNKNOWN_CURRENCY, UNKNOWN_PRODUCT */
export function basketOf(items: readonly Item[], currency: string): Basket {
  const shippingMinor =
    SHIPPING.get(currency) ?? fail('UNKNOWN_CURRENCY', { currency }, `there are no prices in ${currency}`);
  const shipping = money(currency, shippingMinor);
  const lines = items.map((item) => lineOf(item, currency));
  lines.push(...shippingLines(shipping, lines));
  return {
    lines,
    shipping,
    total: sum(
      currency,
      lines.map(({ amount }) => amount),
    ),
  };
}

function lineOf({ product: id, quantity }: Item, currency: string): Line {
  const found = products.find((product) => product.id === id) ?? fail('UNKNOWN_PRODUCT', { product: id });
  const price = found.prices.find((candidate) => candidate.currency === currency)!;
  const text = quantity === 1 ? found.name : `${quantity} × ${found.name}`;
  return { text, goods: found.goods, amount: money(currency, BigInt(price.minor) * BigInt(quantity)) };
}

function shippingLines(shipping: Money, lines: readonly Line[]): Line[] {
  const groups = [...Map.groupBy(lines, ({ goods }) => goods)];
  const weights = groups.map(
    ([, group]) =>
      sum(
        shipping.currency,
        group.map(({ amount }) => amount),
      ).minor,
  );
  const parts = split(shipping, weights);
  const textOf = (goods: Goods): string =>
    groups.length === 1 ? 'Shipping' : `Shipping, share of ${TEXTS[goods]}`;
  return groups
    .map(([goods], index) => ({ text: textOf(goods), goods, amount: parts[index]! }))
    .filter(({ amount }) => amount.minor > 0);
}

const TEXTS: Readonly<Record<Goods, string>> = { general: 'goods', books: 'books' };
