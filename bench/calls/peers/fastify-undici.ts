/** Fastify with a JSON schema for its answer and validation of its input, called by undici.request. */
import fastify from 'fastify';
import { answer, type BenchServer, type Quote } from '../peer.ts';

export { client } from './node-http-undici.ts';

const money = { type: 'object', properties: { currency: { type: 'string' }, minor: { type: 'integer' } } };
const text = { type: 'string' };

export async function server(): Promise<BenchServer> {
  const app = fastify();
  app.post<{ Body: Quote }>(
    '/quote',
    {
      schema: {
        body: {
          type: 'object',
          required: ['country', 'amount'],
          properties: { country: text, amount: money, reference: text, note: text },
        },
        response: {
          200: {
            type: 'object',
            properties: { tax: money, rate: { type: 'number' }, reference: text, note: text },
          },
        },
      },
    },
    async (request) => answer(request.body),
  );
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  return { address, close: () => app.close() };
}
