/** Takes over /orders, for a growing share of the callers. */
import { readFileSync } from 'node:fs';
import { fail, serve } from 'goblin';
import { type Order, orders } from './contract.ts';

const known = JSON.parse(readFileSync(new URL('../../data/orders.json', import.meta.url), 'utf8')) as Order[];

export default serve(
  orders,
  {
    list: () => ({ orders: known }),
    order: ({ id }) => known.find((order) => order.id === id) ?? fail('NOT_FOUND', { id }),
  },
  {
    routes: {
      'GET /orders': async (_request, call) => Response.json(await call.list({})),
      'GET /orders/:id': async (_request, call, { id }) => Response.json(await call.order({ id: id! })),
    },
  },
);
