/** Which payments were tried at the acquirer, and what came of it. The first outcome that is kept is the outcome:
 * whoever comes later with another one is told the first. */
import { type Database, sql } from 'goblin';
import type { Final } from './contract.ts';

export interface Attempts {
  /** Notes that the payment is going to be tried. Answers the outcome if there is one already. */
  begin(paymentId: string): Promise<Final | undefined>;
  /** Gives up a payment that was never tried, so that a late attempt finds this outcome. Answers whether it could. */
  giveUp(paymentId: string, outcome: Final): Promise<boolean>;
  /** Keeps the outcome of an attempt that has none. Answers the kept one. */
  finish(paymentId: string, outcome: Final): Promise<Final>;
}

export function attemptsIn(db: Database): Attempts {
  return {
    async begin(paymentId) {
      await db.query(sql`insert into attempt (payment_id) values (${paymentId}) on conflict do nothing`);
      const row = await db.one<{ outcome: Final | null }>(
        sql`select outcome from attempt where payment_id = ${paymentId}`,
      );
      return row.outcome ?? undefined;
    },
    async giveUp(paymentId, outcome) {
      const { count } = await db.query(sql`
        insert into attempt (payment_id, outcome, ended_at) values (${paymentId}, ${JSON.stringify(outcome)}, now())
        on conflict do nothing`);
      return count === 1;
    },
    async finish(paymentId, outcome) {
      const row = await db.one<{ outcome: Final }>(sql`
        update attempt set outcome = coalesce(outcome, ${JSON.stringify(outcome)}), ended_at = coalesce(ended_at, now())
        where payment_id = ${paymentId} returning outcome`);
      return row.outcome;
    },
  };
}
