import { contract } from 'goblin';
import { z } from 'zod';

export type Order = z.infer<typeof Order>;
const Order = z.object({
  id: z.string(),
  sku: z.string(),
  quantity: z.int().positive(),
  state: z.enum(['paid', 'shipped', 'returned']),
});

export const orders = contract('orders.v1', {
  list: { input: z.object({}), output: z.object({ orders: z.array(Order) }), get: true },
  order: { input: z.object({ id: z.string() }), output: Order, get: true },
});
