import { contract } from 'goblin';
import { z } from 'zod';

export type Item = z.infer<typeof Item>;
const Item = z.object({
  sku: z.string(),
  name: z.string(),
  price: z.object({ currency: z.string().length(3), minor: z.int() }),
});

export const catalog = contract('catalog.v1', {
  list: { input: z.object({}), output: z.object({ items: z.array(Item) }), get: true },
  item: { input: z.object({ sku: z.string() }), output: Item, get: true },
});
