/** tRPC behind its standalone adapter, called by its httpLink: one HTTP request per call, by the `fetch` of Node, a GET with
 * the input in its URL because it is a query (a mutation, by POST, costs half as much again). Input and output are
 * validated by zod, as its documentation has it. */
import type { AddressInfo } from 'node:net';
import { createTRPCClient, httpLink } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { z } from 'zod';
import { answer, type BenchClient, type BenchServer } from '../peer.ts';

const Money = z.object({ currency: z.string().length(3), minor: z.int() });
const t = initTRPC.create();
const router = t.router({
  quote: t.procedure
    .input(
      z.object({ country: z.string().length(2), amount: Money, reference: z.string(), note: z.string() }),
    )
    .output(z.object({ tax: Money, rate: z.number(), reference: z.string(), note: z.string() }))
    .query(({ input }) => answer(input)),
});

export async function server(): Promise<BenchServer> {
  const http = createHTTPServer({ router });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async close() {
      http.closeAllConnections();
      http.close();
    },
  };
}

export async function client(address: string): Promise<BenchClient> {
  const tax = createTRPCClient<typeof router>({ links: [httpLink({ url: address })] });
  return { call: (input) => tax.quote.query(input), close: async () => {} };
}
