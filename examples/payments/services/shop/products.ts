/** What the shop sells. Prices are set by hand for each currency, as shops do: nobody pays 1,847.33 forints. */
import { money } from '../../money/money.ts';
import type { Product } from './contract.ts';

/** For each basket, whatever is in it. */
export const SHIPPING: ReadonlyMap<string, number> = new Map([
  ['EUR', 490],
  ['GBP', 420],
  ['CHF', 490],
  ['SEK', 5_500],
  ['DKK', 3_600],
  ['PLN', 2_090],
  ['JPY', 790],
  ['KWD', 1_650],
]);

function product(
  id: string,
  goods: Product['goods'],
  name: string,
  description: string,
  minors: readonly number[],
): Product {
  return {
    id,
    name,
    description,
    goods,
    prices: [...SHIPPING.keys()].map((code, index) => money(code, minors[index]!)),
  };
}

export const products: readonly Product[] = [
  product(
    'shirt',
    'general',
    'Lantern T-shirt',
    'Organic cotton, moss green, with a lantern on the chest.',
    [1999, 1799, 1990, 21_900, 14_900, 8_490, 3_200, 6_750],
  ),
  product(
    'mug',
    'general',
    'Cave mug',
    'Stoneware for coffee at uncommon hours. Holds 350 ml.',
    [1250, 1090, 1250, 13_900, 9_300, 5_390, 1_990, 4_250],
  ),
  product(
    'field-guide',
    'books',
    'A Field Guide to Small Services',
    'How to tell them apart, what they eat, and where they hide. 240 pages.',
    [2490, 2199, 2490, 26_900, 18_500, 10_690, 3_980, 8_400],
  ),
  product(
    'night-shift',
    'books',
    'Tales from the Night Shift',
    'Nine stories about pagers, lost messages and one very long rollback.',
    [1290, 1099, 1290, 13_900, 9_600, 5_490, 2_060, 4_350],
  ),
];
