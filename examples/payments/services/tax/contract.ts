import { contract } from 'goblin';
import { z } from 'zod';
import { Money, Price } from '../../money/money.ts';

/** ISO 3166-1 alpha-2: `FR`. */
export const Country = z.string().regex(/^[A-Z]{2}$/, 'is not a country code such as FR');

/** What is sold: the law taxes books less than other goods in most countries. */
export const Goods = z.enum(['general', 'books']);
export type Goods = z.infer<typeof Goods>;

/** A percentage as a decimal: `20`, `25.5`. A string, so that nobody computes with a binary fraction of it. */
export const Rate = z.string().regex(/^\d+(\.\d+)?$/);

/** What part of a gross amount is tax: `net` and `tax` always add up to the amount that was asked about. */
export const Quote = z.object({ rate: Rate, net: Money, tax: Money });
export type Quote = z.infer<typeof Quote>;

/** A part of what is sold, gross. */
const TaxedLine = z.object({ goods: Goods, amount: Price });

/** The tax of all lines of one kind of goods, computed and rounded once on their sum. */
export const TaxLine = Quote.extend({ goods: Goods, gross: Money });
export type TaxLine = z.infer<typeof TaxLine>;

export const tax = contract('tax.v1', {
  quote: {
    summary: 'The tax contained in a gross amount.',
    input: z.object({ country: Country, amount: Price, goods: Goods.default('general') }),
    output: Quote,
    idempotent: true,
    deadline: '2s',
    errors: ['UNKNOWN_COUNTRY'],
  },
  assess: {
    summary: 'The tax contained in what is sold, per kind of goods.',
    input: z.object({ country: Country, lines: z.array(TaxedLine).min(1).max(100) }),
    output: z.object({ taxes: z.array(TaxLine) }),
    idempotent: true,
    deadline: '5s',
    errors: ['UNKNOWN_COUNTRY'],
  },
  countries: {
    summary: 'The countries whose tax is known, with the rate of general goods.',
    input: z.object({}),
    output: z.object({ countries: z.array(z.object({ country: Country, rate: Rate })) }),
    get: true,
  },
});
