/** Writes a receipt for each payment that settles, shows it, and sends it to who asked for that: by an SMTP server, and by
 * Postmark when that one does not take it. Without the secrets of either, mails stay on this machine, as files. */
import { type Client, isGoblinError, postgres, secret, serve, subscribe } from 'goblin';
import { mailer, postmark, smtp } from 'goblin/mail';
import { settled } from '../payments/events.ts';
import { receipts } from './contract.ts';
import { receiptMail } from './mail.ts';
import { pendingPage, receiptPage } from './page.ts';
import { findReceipt, issue } from './receipt-table.ts';

export default serve(
  receipts,
  async (app) => {
    const db = await app.use(postgres({ migrations: new URL('./migrations', import.meta.url) }));
    const { SMTP_URL: url, POSTMARK_TOKEN: token } = app.config({
      SMTP_URL: secret({ optional: true }),
      POSTMARK_TOKEN: secret({ optional: true }),
    });
    const from = 'The Goblin Shop <receipts@shop.example>';
    await mailer(app, { db, from, routes: [url && smtp({ url }), token && postmark({ token })] });

    const onSettled = subscribe(db, settled, { group: 'receipts' }, async ({ payload }, tx) => {
      const { email, ...payment } = payload;
      await issue(tx, payment);
      if (email === undefined) return;
      const data = await findReceipt(tx, payment.id);
      await receiptMail.send(tx, { key: payment.id, to: email, data });
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
