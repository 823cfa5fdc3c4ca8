/** How busy a server is, as far as its statistics tell. Only a superuser or a member of `pg_monitor` sees the sessions of
 * others and the replicas; for another role these are zero, and the speed of its own batches is what is left to go by. */
import type pg from 'pg';

export interface Pressure {
  /** Of the replica that is furthest behind. */
  readonly replicaSeconds: number;
  readonly replicaBytes: number;
  /** Statements that others run at this moment. */
  readonly activeStatements: number;
  /** Of these, how many wait for a lock. */
  readonly lockWaits: number;
}

export async function measurePressure(client: pg.Client): Promise<Pressure> {
  const { rows } = await client.query<Pressure>(`
    select
      coalesce((select max(extract(epoch from replay_lag)) from pg_stat_replication
        where state in ('streaming', 'catchup')), 0)::float8 as "replicaSeconds",
      coalesce((select max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)) from pg_stat_replication
        where state in ('streaming', 'catchup')), 0)::float8 as "replicaBytes",
      count(*)::int as "activeStatements",
      count(*) filter (where wait_event_type = 'Lock')::int as "lockWaits"
    from pg_stat_activity
    where state = 'active' and backend_type = 'client backend' and pid <> pg_backend_pid()`);
  return rows[0]!;
}
