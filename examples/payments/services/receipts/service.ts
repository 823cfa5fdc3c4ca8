/** Writes a receipt for each payment that settles, and shows it. */
import { type Client, isGoblinError, postgres, serve, subscribe } from 'goblin';
import { settled } from '../payments/events.ts';
import { receipts } from './contract.ts';
import { pendingPage, receiptPage } from './page.ts';
import { findReceipt, issue } from './receipt-table.ts';

export default serve(
  receipts,
  async (app) => {
    const db = await app.use(postgres({ migrations: new URL('./migrations', import.meta.url) }));
    const onSettled = subscribe(db, settled, { group: 'receipts' }, ({ payload }, tx) => issue(tx, payload));
    app.background('issue', onSettled);
    return { get: ({ paymentId }) => findReceipt(db, paymentId) };
  },
  { routes: { 'GET /receipts/:paymentId': show }, files: { '/receipts/assets': './public' } },
);

type Params = Readonly<Record<string, string>>;

async function show(_request: Request, call: Client<typeof receipts>, params: Params): Promise<Response> {
  const { paymentId = '' } = params;
  try {
    return page(200, receiptPage(await call.get({ paymentId })));
  } catch (error) {
    if (isGoblinError(error, 'NOT_FOUND')) return page(404, pendingPage());
    throw error;
  }
}

function page(status: number, html: string): Response {
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'private, no-cache',
      'content-security-policy':
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    },
  });
}
