/** The shop: a web page, and what it asks for. Payments are not its matter: the page pays at the payments API. */
import { serve } from 'goblin';
import { currencies } from '../../money/currencies.ts';
import { tax } from '../tax/contract.ts';
import { basketOf } from './basket.ts';
import { shop } from './contract.ts';
import { products, SHIPPING } from './products.ts';

export default serve(
  shop,
  (app) => {
    const taxes = app.client(tax);
    return {
      async catalogue() {
        const { countries } = await taxes.countries({});
        const offered = [...SHIPPING.keys()].map((code) => ({ code, digits: currencies.get(code)!.digits }));
        return { products: [...products], currencies: offered, countries };
      },
      async basket({ country, currency, items }) {
        const basket = basketOf(items, currency);
        return { ...basket, ...(await taxes.assess({ country, lines: basket.lines })) };
      },
    };
  },
  { files: { '/': './public' } },
);
