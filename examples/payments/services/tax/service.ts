import { fail, serve } from 'goblin';
import { sum } from '../../money/money.ts';
import { tax } from './contract.ts';
import { type Rates, rates } from './rates.ts';
import { share } from './share.ts';

export default serve(tax, {
  quote: ({ country, amount, goods }) => share(amount, ratesOf(country)[goods]),

  assess({ country, lines }) {
    const groups = Map.groupBy(lines, ({ goods }) => goods);
    const taxes = [...groups].map(([goods, group]) => {
      const gross = sum(
        group[0]!.amount.currency,
        group.map(({ amount }) => amount),
      );
      return { goods, gross, ...share(gross, ratesOf(country)[goods]) };
    });
    return { taxes };
  },

  countries: () => ({ countries: [...rates].map(([country, { general: rate }]) => ({ country, rate })) }),
});

function ratesOf(country: string): Rates {
  return rates.get(country) ?? fail('UNKNOWN_COUNTRY', { country }, `the tax of ${country} is not known`);
}
