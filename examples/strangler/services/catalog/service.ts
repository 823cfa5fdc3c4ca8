/** Took over /catalog: the same paths and the same answers, now behind a contract. */
import { readFileSync } from 'node:fs';
import { fail, serve } from 'goblin';
import { catalog, type Item } from './contract.ts';

const items = JSON.parse(readFileSync(new URL('../../data/catalog.json', import.meta.url), 'utf8')) as Item[];

export default serve(
  catalog,
  {
    list: () => ({ items }),
    item: ({ sku }) => items.find((item) => item.sku === sku) ?? fail('NOT_FOUND', { sku }),
  },
  {
    routes: {
      'GET /catalog': async (_request, call) => Response.json(await call.list({})),
      'GET /catalog/:sku': async (_request, call, { sku }) => Response.json(await call.item({ sku: sku! })),
    },
  },
);
