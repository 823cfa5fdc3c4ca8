/** Takes payments: charges cards once per merchant and idempotency key, keeps what became of each payment, tells when its
 * money has arrived, closes each day, and shows reports. */
import { postgres, schedule, secret, serve, subscribe, withTenant, work } from 'goblin';
import { processing } from '../processing/contract.ts';
import { tax } from '../tax/contract.ts';
import { chargeSettled } from '../webhooks/events.ts';
import { charge } from './charge.ts';
import { payments } from './contract.ts';
import { closeDay, ZONE } from './day-book.ts';
import { follow, following } from './follow.ts';
import { forMerchants } from './merchants.ts';
import { onChargeSettled } from './on-charge-settled.ts';
import { paymentTable } from './payment-table.ts';
import { reports } from './reports.ts';
import { routes } from './routes.ts';
import { watcher } from './watch.ts';

const database = postgres({ migrations: new URL('./migrations', import.meta.url) });

export default serve(
  payments,
  async (app) => {
    const { FINGERPRINT_KEY: fingerprintKey } = app.config({ FINGERPRINT_KEY: secret() });
    // The loops work for all merchants, each task and event in the name of its own. All else is for the one in the context.
    const all = await app.use(database);
    const db = withTenant(all);
    const table = paymentTable(db);
    const watch = watcher(table);
    const taxes = app.client(tax);
    const processor = app.client(processing);
    const { log } = app;

    app.background('follow', work(all, follow, following({ db, table, processor, log })));
    app.background(
      'settle',
      subscribe(all, chargeSettled, { group: 'payments' }, onChargeSettled({ table, log })),
    );
    const midnight = { name: 'close-day', cron: '0 0 0 * * *', zone: ZONE };
    app.background(
      'close-day',
      schedule(all, midnight, ({ input }) => closeDay(db, input.slot)),
    );

    return {
      charge: ({ key, order }) => charge({ db, table, taxes, processor, fingerprintKey, log }, key, order),
      get: ({ id }) => table.get(id),
      list: async ({ limit, before }) => ({ payments: await table.latest(limit, before) }),
      watch: ({ id }) => watch(id),
    };
  },
  async (app) => ({ routes: forMerchants({ ...routes, ...reports(await app.use(database)).routes }) }),
);
