/** Addresses that get no mail: those that do not exist, whose owners complained, or asked not to get any. It is asked right
 * before a mail goes out, so a bounce of a minute ago counts. */
import { type Queryable, sql } from '@goblin/data';
import { type Address, normalised } from '../addresses.ts';

export type SuppressionReason = 'bounce' | 'complaint' | 'unsubscribe' | 'manual';

export interface Suppression {
  readonly id: number;
  readonly address: string;
  readonly reason: SuppressionReason;
  readonly detail: string | null;
  readonly createdAt: Date;
}

const MAX_DETAIL = 500;
const DEFAULT_LISTED = 100;
const MAX_LISTED = 500;

/** An address that is on the list already stays there with its first reason. */
export async function suppress(
  at: Queryable,
  address: string,
  reason: SuppressionReason,
  detail?: string,
): Promise<void> {
  await at.query(sql`
    insert into goblin_mail.suppression (address, reason, detail)
    values (${normalised(address)}, ${reason}, ${detail?.slice(0, MAX_DETAIL) ?? null})
    on conflict (owner, address) do nothing`);
}

/** False: it was not on the list. */
export async function unsuppress(at: Queryable, address: string): Promise<boolean> {
  const { count } = await at.query(sql`
    delete from goblin_mail.suppression where owner = current_user and address = ${normalised(address)}`);
  return count > 0;
}

/** Those of the addresses that are on the list. */
export async function suppressedOf(
  at: Queryable,
  addresses: readonly Address[],
): Promise<ReadonlySet<string>> {
  const wanted = addresses.map(({ address }) => normalised(address));
  const rows = await at.many<{ address: string }>(sql`
    select address from goblin_mail.suppression where owner = current_user and address = any (${wanted}::text[])`);
  return new Set(rows.map(({ address }) => address));
}

export interface SuppressionPage {
  /** Only this address. */
  readonly address?: string;
  /** Default 100, at most 500. */
  readonly limit?: number;
  /** The id of the last one of the page before. */
  readonly before?: number;
}

/** Those that came last first. */
export function listSuppressions(
  at: Queryable,
  { address, limit = DEFAULT_LISTED, before }: SuppressionPage = {},
): Promise<Suppression[]> {
  return at.many<Suppression>(
    `select id, address, reason, detail, created_at as "createdAt" from goblin_mail.suppression
     where owner = current_user and ($1::text is null or address = $1) and ($2::bigint is null or id < $2)
     order by id desc limit $3`,
    [address === undefined ? null : normalised(address), before ?? null, Math.min(limit, MAX_LISTED)],
  );
}
