import { contract } from 'goblin';
import { z } from 'zod';
import { Money } from '../../money/money.ts';
import { Line } from '../payments/contract.ts';
import { Country, Goods, Rate, TaxLine } from '../tax/contract.ts';

const ProductId = z.string().regex(/^[a-z][a-z0-9-]*$/);
const Currency = z.string().regex(/^[A-Z]{3}$/);

export const Product = z.object({
  id: ProductId,
  name: z.string(),
  description: z.string(),
  goods: Goods,
  /** Gross, one per currency that the shop sells in. */
  prices: z.array(Money),
});
export type Product = z.infer<typeof Product>;

export const shop = contract('shop.v1', {
  catalogue: {
    summary: 'What is sold, for which currencies, and to which countries.',
    input: z.object({}),
    output: z.object({
      products: z.array(Product),
      currencies: z.array(z.object({ code: Currency, digits: z.int() })),
      countries: z.array(z.object({ country: Country, rate: Rate })),
    }),
    get: true,
  },
  basket: {
    summary: 'What a basket costs, shipping and tax included.',
    input: z.object({
      country: Country,
      currency: Currency,
      items: z
        .array(z.object({ product: ProductId, quantity: z.int().min(1).max(99) }))
        .min(1)
        .max(20),
    }),
    output: z.object({ lines: z.array(Line), shipping: Money, total: Money, taxes: z.array(TaxLine) }),
    idempotent: true,
    deadline: '3s',
    errors: ['UNKNOWN_COUNTRY', 'UNKNOWN_PRODUCT', 'UNKNOWN_CURRENCY'],
  },
});
