/** The payments as they are kept, those of the merchant in the context. Each change names the status it starts from, so that of two who change a
 * payment at the same time one wins and the other sees what it has become. */
import { randomBytes } from 'node:crypto';
import { type Database, fail, type Queryable, sql } from 'goblin';
import { type Money, money, sum } from '../../money/money.ts';
import type { Final } from '../processing/contract.ts';
import type { TaxLine } from '../tax/contract.ts';
import { kept } from './card.ts';
import type { Line, Order, Payment } from './contract.ts';

interface Row {
  readonly id: string;
  readonly merchant: Payment['merchant'];
  readonly status: Payment['status'];
  readonly reason: string | null;
  readonly currency: string;
  readonly minor: number;
  readonly country: string;
  readonly lines: Line[];
  readonly taxes: TaxLine[];
  readonly card: Payment['card'];
  readonly created_at: Date;
  readonly settled_at: Date | null;
}

const COLUMNS = sql`
  id, merchant, status, reason, currency, minor, country, lines, taxes, card, created_at, settled_at`;

export interface NewPayment {
  readonly key: string;
  readonly fingerprint: string;
  readonly order: Order;
  readonly lines: readonly Line[];
  readonly taxes: readonly TaxLine[];
}

export interface SettledPayment {
  readonly payment: Payment;
  readonly email: string | undefined;
}

export interface PaymentTable {
  /** Undefined when there is one with this key already. */
  insert(tx: Queryable, payment: NewPayment): Promise<Payment | undefined>;
  findByKey(key: string): Promise<{ readonly payment: Payment; readonly fingerprint: string } | undefined>;
  find(id: string): Promise<Payment | undefined>;
  /** @throws NOT_FOUND */
  get(id: string): Promise<Payment>;
  latest(limit: number, before: string | undefined): Promise<Payment[]>;
  /** Gives a pending payment its outcome. Undefined when it is not pending any more. */
  conclude(tx: Queryable, id: string, outcome: Final): Promise<Payment | undefined>;
  /** Undefined when it cannot be settled: it is already, it was declined or has failed, or there is no payment of
   * this id and amount. */
  settle(tx: Queryable, id: string, amount: Money): Promise<SettledPayment | undefined>;
}

/** @param db of the merchant in the context: see withTenant. */
export function paymentTable(db: Database): PaymentTable {
  async function find(id: string): Promise<Payment | undefined> {
    const row = await db.maybeOne<Row>(sql`select ${COLUMNS} from payment where id = ${id}`);
    return row && paymentOf(row);
  }
  const get = async (id: string): Promise<Payment> =>
    (await find(id)) ?? fail('NOT_FOUND', { id }, `there is no payment ${id}`);

  return {
    find,
    get,
    async insert(tx, { key, fingerprint, order, lines, taxes }) {
      const row = await tx.maybeOne<Row>(sql`
        insert into payment (id, key, fingerprint, currency, minor, country, lines, taxes, card, email)
        values (${`pay_${randomBytes(16).toString('hex')}`}, ${key}, ${fingerprint}, ${order.amount.currency},
          ${order.amount.minor}, ${order.country}, ${JSON.stringify(lines)}, ${JSON.stringify(taxes)},
          ${JSON.stringify(kept(order.card))}, ${order.email ?? null})
        on conflict (merchant, key) do nothing
        returning ${COLUMNS}`);
      return row && paymentOf(row);
    },
    async findByKey(key) {
      const row = await db.maybeOne<Row & { fingerprint: string }>(
        sql`select fingerprint, ${COLUMNS} from payment where key = ${key}`,
      );
      return row && { payment: paymentOf(row), fingerprint: row.fingerprint };
    },
    async latest(limit, before) {
      const older = sql`where (created_at, id) < (select created_at, id from payment where id = ${before ?? ''})`;
      const rows = await db.many<Row>(sql`
        select ${COLUMNS} from payment ${before === undefined ? sql`` : older}
        order by created_at desc, id desc limit ${limit}`);
      return rows.map(paymentOf);
    },
    async conclude(tx, id, outcome) {
      const reason = 'reason' in outcome ? outcome.reason : null;
      const row = await tx.maybeOne<Row>(sql`
        update payment set status = ${outcome.status}, reason = ${reason}
        where id = ${id} and status = 'pending' returning ${COLUMNS}`);
      return row && paymentOf(row);
    },
    async settle(tx, id, { currency, minor }) {
      const row = await tx.maybeOne<Row & { email: string | null }>(sql`
        update payment set status = 'settled', settled_at = now()
        where id = ${id} and currency = ${currency} and minor = ${minor} and status in ('pending', 'authorized')
        returning email, ${COLUMNS}`);
      return row && { payment: paymentOf(row), email: row.email ?? undefined };
    },
  };
}

function paymentOf(row: Row): Payment {
  const { id, merchant, status, reason, currency, minor, country, lines, taxes, card } = row;
  return {
    id,
    merchant,
    status,
    reason,
    amount: money(currency, minor),
    net: sum(
      currency,
      taxes.map(({ net }) => net),
    ),
    tax: sum(
      currency,
      taxes.map(({ tax }) => tax),
    ),
    taxes,
    lines,
    country,
    card,
    createdAt: row.created_at.toISOString(),
    settledAt: row.settled_at?.toISOString() ?? null,
  };
}
