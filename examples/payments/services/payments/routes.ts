/** The public face of the payments: REST with Idempotency-Key, and a stream of server-sent events per payment. */
import { ReadableStream } from 'node:stream/web';
import { type Client, context, fail, type Route } from 'goblin';
import type { Order, Payment, payments } from './contract.ts';

const NO_STORE = { 'cache-control': 'no-store' };

export const routes: Readonly<Record<string, Route<typeof payments>>> = {
  async 'POST /v1/payments'(request, call) {
    const key = request.headers.get('idempotency-key');
    if (!key)
      fail('INVALID_INPUT', undefined, 'the Idempotency-Key header is missing: send one, unique per payment');
    const { payment, replayed } = await call.charge({ key, order: (await bodyOf(request)) as Order });
    const headers = { ...NO_STORE, location: `/v1/payments/${payment.id}`, ...(replayed && REPLAYED) };
    return Response.json(payment, { status: 201, headers });
  },

  async 'GET /v1/payments'(request, call) {
    const { searchParams } = new URL(request.url);
    const limit = searchParams.get('limit');
    const before = searchParams.get('before');
    const page = await call.list({ ...(limit && { limit: Number(limit) }), ...(before && { before }) });
    return Response.json(page, { headers: NO_STORE });
  },

  async 'GET /v1/payments/:id'(_request, call, { id = '' }) {
    return Response.json(await call.get({ id }), { headers: NO_STORE });
  },

  async 'GET /v1/payments/:id/events'(_request, call, { id = '' }) {
    await call.get({ id });
    const body = ReadableStream.from(
      serverSentEvents(call, id, context.tenant),
    ) as globalThis.ReadableStream<Uint8Array>;
    return new Response(body, { headers: { ...NO_STORE, 'content-type': 'text/event-stream' } });
  },
};

const REPLAYED = { 'idempotent-replayed': 'true' };

const encoder = new TextEncoder();

async function bodyOf(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch (error) {
    if (error instanceof SyntaxError)
      fail('MALFORMED_REQUEST', undefined, `the body is not JSON: ${error.message}`);
    throw error;
  }
}

/** Whoever reads the stream does so outside of the request's context; so it is told whose the call is. */
async function* serverSentEvents(
  call: Client<typeof payments>,
  id: string,
  tenant: string | undefined,
): AsyncGenerator<Uint8Array> {
  const changes = call.watch({ id })[Symbol.asyncIterator]();
  const next = (): Promise<IteratorResult<Payment>> => context.run({ tenant }, () => changes.next());
  try {
    for (let change = await next(); !change.done; change = await next()) yield serverSentEvent(change.value);
  } finally {
    await changes.return?.();
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
function serverSentEvent(payment: Payment): Uint8Array {
  return encoder.encode(`event: payment\nid: ${payment.status}\ndata: ${JSON.stringify(payment)}\n\n`);
}
