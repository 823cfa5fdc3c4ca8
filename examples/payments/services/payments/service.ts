/** Takes payments: charges cards once per idempotency key, keeps what became of each payment and tells when its
 * money has arrived. */
import { postgres, secret, serve, subscribe, work } from 'goblin';
import { processing } from '../processing/contract.ts';
import { tax } from '../tax/contract.ts';
import { chargeSettled } from '../webhooks/events.ts';
import { charge } from './charge.ts';
import { payments } from './contract.ts';
import { follow, following } from './follow.ts';
import { paymentTable } from './payment-table.ts';
import { routes } from './routes.ts';
import { settling } from './settle.ts';
import { watcher } from './watch.ts';

export default serve(
  payments,
  async (app) => {
    const { FINGERPRINT_KEY: fingerprintKey } = app.config({ FINGERPRINT_KEY: secret() });
    const db = await app.use(postgres({ migrations: new URL('./migrations', import.meta.url) }));
    const table = paymentTable(db);
    const watch = watcher(table);
    const taxes = app.client(tax);
    const processor = app.client(processing);
    const { log } = app;

    app.background('follow', work(db, follow, following({ table, processor, log })));
    app.background('settle', subscribe(db, chargeSettled, { group: 'payments' }, settling({ table, log })));

    return {
      charge: ({ key, order }) => charge({ db, table, taxes, processor, fingerprintKey, log }, key, order),
      get: ({ id }) => table.get(id),
      list: async ({ limit, before }) => ({ payments: await table.latest(limit, before) }),
      watch: ({ id }) => watch(id),
    };
  },
  { routes },
);
