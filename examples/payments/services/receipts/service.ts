/** Writes a receipt for each payment that settles, shows it, and sends it to who asked for that: by one SMTP server, and by
 * another when that one certainly did not take it. Without the secrets of either, mails stay on this machine, as files. */
import { type Client, isGoblinError, postgres, secret, serve, subscribe } from 'goblin';
import { mailer, smtp } from 'goblin/mail';
import { settled } from '../payments/events.ts';
import { merchants } from '../payments/merchants.ts';
import { receipts } from './contract.ts';
import { receiptMail } from './mail.ts';
import { pendingPage, receiptPage } from './page.ts';
import { findReceipt, issue } from './receipt-table.ts';

const SENDER = 'receipts@shop.example';

export default serve(
  receipts,
  async (app) => {
    const db = await app.use(postgres({ migrations: new URL('./migrations', import.meta.url) }));
    const { SMTP_URL: main, SMTP_SPARE_URL: spare } = app.config({
      SMTP_URL: secret({ optional: true }),
      SMTP_SPARE_URL: secret({ optional: true }),
    });
    await mailer(app, {
      db,
      from: SENDER,
      routes: [main && smtp({ name: 'main', url: main }), spare && smtp({ name: 'spare', url: spare })],
    });

    const onSettled = subscribe(db, settled, { group: 'receipts' }, async ({ payload }, tx) => {
      const { email, ...payment } = payload;
      await issue(tx, payment);
      if (email === undefined) return;
      const data = await findReceipt(tx, payment.id);
      const from = { name: merchants[payment.merchant], address: SENDER };
      await receiptMail.send(tx, { key: payment.id, from, to: email, data });
    });
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
