/** Takes in what the acquirer tells. A message counts once however often it comes: it is kept by its id, and what
 * it says is told on as an event of its merchant, in one transaction, and in the trace of the payment that it is about. Types that nobody here needs are kept and no more. */
import { type Client, context, fail, parseTrace, postgres, secret, serve, sql } from 'goblin';
import { z } from 'zod';
import { Money } from '../../money/money.ts';
import { Merchant } from '../payments/merchants.ts';
import { webhooks } from './contract.ts';
import { chargeSettled } from './events.ts';
import { verify } from './signature.ts';

const Message = z.object({
  type: z.string(),
  data: z.object({
    id: z.string(),
    reference: z.string(),
    merchant: Merchant,
    amount: Money,
    note: z.string().optional(),
  }),
});

export default serve(
  webhooks,
  async (app) => {
    const { WEBHOOK_SECRET } = app.config({ WEBHOOK_SECRET: secret() });
    const db = await app.use(postgres({ migrations: new URL('./migrations', import.meta.url) }));

    return {
      receive(signed) {
        verify(signed, WEBHOOK_SECRET, Date.now());
        const { type, data } = messageIn(signed.body);
        return db.transaction(async (tx) => {
          const { count } = await tx.query(sql`
            insert into inbox (id, type, payload) values (${signed.id}, ${type}, ${signed.body})
            on conflict do nothing`);
          if (count === 0) return { duplicate: true };
          if (type === 'charge.settled') {
            const { id: chargeId, reference, merchant, amount, note } = data;
            const trace = parseTrace(note) ?? context.trace;
            await context.run({ tenant: merchant, trace }, () =>
              chargeSettled.publish(tx, { chargeId, reference, amount }),
            );
          }
          return { duplicate: false };
        });
      },
    };
  },
  { routes: { 'POST /webhooks/acquirer': receive } },
);

async function receive(request: Request, call: Client<typeof webhooks>): Promise<Response> {
  const header = (name: string): string => request.headers.get(name) ?? '';
  await call.receive({
    id: header('webhook-id'),
    timestamp: header('webhook-timestamp'),
    signature: header('webhook-signature'),
    body: await request.text(),
  });
  return new Response(null, { status: 204 });
}

function messageIn(body: string): z.infer<typeof Message> {
  const { success, data } = Message.safeParse(jsonOf(body));
  return success ? data : fail('INVALID_INPUT', undefined, 'the message is not one of the acquirer');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
