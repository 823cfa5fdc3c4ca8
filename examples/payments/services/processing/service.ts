/** Talks to the acquirer for the payments. It remembers each attempt before it asks, so that an answer that never
 * came is known to be missing and can be found out. */
import { postgres, secret, serve } from 'goblin';
import { z } from 'zod';
import { acquirerClient } from './acquirer-client.ts';
import { attemptsIn } from './attempts.ts';
import { type Final, processing } from './contract.ts';

export default serve(processing, async (app) => {
  const config = app.config({ ACQUIRER_URL: z.url(), ACQUIRER_KEY: secret() });
  const attempts = attemptsIn(
    await app.use(postgres({ migrations: new URL('./migrations', import.meta.url) })),
  );
  const acquirer = acquirerClient({ url: config.ACQUIRER_URL, key: config.ACQUIRER_KEY, log: app.log });

  return {
    async authorize({ paymentId, amount, card }) {
      const known = await attempts.begin(paymentId);
      if (known) return known;
      const outcome = await acquirer.charge(paymentId, amount, card.number);
      return outcome.status === 'unknown' ? outcome : attempts.finish(paymentId, outcome);
    },

    async resolve({ paymentId }) {
      const abandoned: Final = { status: 'failed', reason: 'abandoned' };
      if (await attempts.giveUp(paymentId, abandoned)) return abandoned;
      const known = await attempts.begin(paymentId);
      return known ?? attempts.finish(paymentId, await acquirer.resolve(paymentId));
    },

    async settlement({ paymentId }) {
      return { amount: (await acquirer.settled(paymentId)) ?? null };
    },
  };
});
