/** Fills rows of a table, batch by batch, in the order of a key. Each batch is a transaction in which also the place where it stands
 * is kept, so whatever is killed, it goes on there. It waits for no lock longer than LOCK_TIMEOUT_MS and tries a
 * smaller batch then.
 *
 * Rows with a lower key that are written after it has passed are not seen in this pass; before a contract it is passed through once
 * more, when no older version writes any longer. So its statement must do no harm when it meets a row again. */
import { GoblinError, sleep, systemClock } from '@goblin/core';
import type pg from 'pg';
import { driver } from '../database/driver.ts';
import { isLockFailure, LOCK_TIMEOUT_MS } from './apply.ts';
import { withBounds } from './directives.ts';
import { record, type Tables } from './history.ts';
import { type BackfillFile, migrationFailed } from './migration-files.ts';
import { measurePressure } from './pressure.ts';
import { type Hold, reasonToHold, Throttle } from './throttle.ts';

const BATCH_TIMEOUT_MS = 30_000;
const HOLD_MS = 1_000;
const RETRY_MS = 200;
const MAX_TRIES = 50;
/** Weight of the newest batch in the rate that is shown. */
const RATE_WEIGHT = 0.2;

export interface BackfillStep {
  readonly rows: number;
  readonly estimatedRows: number | undefined;
  /** Why it holds still, for a person and as one of a few words. */
  readonly held: string | undefined;
  readonly reason: Hold['reason'] | undefined;
  readonly finished: boolean;
}

export interface BackfillOptions {
  /** Has the turn. */
  readonly client: pg.Client;
  readonly tables: Tables;
  /** Sees how busy the server is. Without one nobody else is there to be spared. */
  readonly observer: pg.Client | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((file: BackfillFile, step: BackfillStep) => void) | undefined;
}

interface State {
  readonly position: string | null;
  readonly rows: number;
  readonly estimatedRows: number | null;
  readonly finished: boolean;
}

/** Goes on where it stands, to the end. @param again passes through once more where it has been at the end.
 * @throws MIGRATION_FAILED, and the reason of the signal */
export async function runBackfill(
  file: BackfillFile,
  options: BackfillOptions,
  again = false,
): Promise<void> {
  try {
    await run(file, options, again);
  } catch (error) {
    if (error instanceof GoblinError || options.signal?.aborted) throw error;
    throw migrationFailed(`${file.path}: ${(error as Error).message}`, error);
  }
}

async function run(file: BackfillFile, options: BackfillOptions, again: boolean): Promise<void> {
  const { client, observer, tables, signal, onStep } = options;
  const keyType = await checkKey(file, options);
  let state = await begin(file, options, again);
  if (state.finished) return;
  const throttle = new Throttle(file.backfill.batch);
  await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}; set statement_timeout = ${BATCH_TIMEOUT_MS}`);
  let rate = 0;
  let endedMs = systemClock.now();
  for (let tries = 0; ; ) {
    signal?.throwIfAborted();
    const hold = observer && reasonToHold(await measurePressure(observer));
    onStep?.(file, stepOf(state, hold, false));
    if (hold) {
      await client.query(`update ${tables.backfill} set held = $2, updated_at = now() where number = $1`, [
        file.number,
        hold.text,
      ]);
      await sleep(HOLD_MS * (0.75 + Math.random() / 2), signal);
      continue;
    }
    const startedMs = systemClock.now();
    try {
      const batch = await runBatch(file, options, { keyType, state, limit: throttle.batchRows, rate });
      if (!batch) break;
      tries = 0;
      const nowMs = systemClock.now();
      rate += RATE_WEIGHT * ((batch.rows * 1_000) / Math.max(1, nowMs - endedMs) - rate);
      endedMs = nowMs;
      state = { ...state, position: batch.last, rows: state.rows + batch.rows };
      const restMs = throttle.restAfter(nowMs - startedMs, batch.changed);
      if (observer) await sleep(restMs, signal);
    } catch (error) {
      await client.query('rollback').catch(() => {});
      if (signal?.aborted) throw signal.reason;
      if (!givesWay(error) || ++tries === MAX_TRIES) throw error;
      throttle.giveWay();
      await sleep(RETRY_MS * (0.5 + Math.random()), signal);
    }
  }
  await finish(file, options);
  onStep?.(file, stepOf(state, undefined, true));
}

function stepOf(state: State, hold: Hold | undefined, finished: boolean): BackfillStep {
  const { rows, estimatedRows } = state;
  return {
    rows,
    estimatedRows: estimatedRows ?? undefined,
    held: hold?.text,
    reason: hold?.reason,
    finished,
  };
}

interface Batch {
  readonly keyType: string;
  readonly state: State;
  readonly limit: number;
  readonly rate: number;
}

/** Answers undefined at the end. */
async function runBatch(
  file: BackfillFile,
  { client, tables }: BackfillOptions,
  { keyType, state, limit, rate }: Batch,
): Promise<{ last: string; rows: number; changed: number } | undefined> {
  const key = driver().escapeIdentifier(file.backfill.key);
  const beyond = state.position === null ? '' : `where ${key} > $1::${keyType}`;
  await client.query('begin');
  const { rows } = await client.query<{ first: string; last: string; rows: number }>(
    `with page as materialized (select ${key} as key from ${quoted(file)} ${beyond} order by ${key} limit ${limit})
     select (select key::text from page order by page.key limit 1) as first,
       (select key::text from page order by page.key desc limit 1) as last, (select count(*)::int from page) as rows`,
    state.position === null ? [] : [state.position],
  );
  const page = rows[0]!;
  if (page.rows === 0) {
    await client.query('rollback');
    return undefined;
  }
  const text = withBounds(file.sql, `$1::${keyType}`, `$2::${keyType}`);
  const changed = (await client.query(text, [page.first, page.last])).rowCount ?? 0;
  await client.query(
    `update ${tables.backfill} set position = $2, rows = rows + $3, changed = changed + $4, rows_per_second = $5,
       batch_rows = $6, held = null, updated_at = now() where number = $1`,
    [file.number, page.last, page.rows, changed, rate, limit],
  );
  await client.query('commit');
  return { last: page.last, rows: page.rows, changed };
}

async function begin(
  file: BackfillFile,
  { client, tables }: BackfillOptions,
  again: boolean,
): Promise<State> {
  await client.query(
    `insert into ${tables.backfill} (number, estimated_rows)
     values ($1, (select nullif(reltuples, -1) from pg_class where oid = $2::regclass)) on conflict do nothing`,
    [file.number, quoted(file)],
  );
  if (again) {
    await client.query(
      `update ${tables.backfill} set position = null, rows = 0, pass = pass + 1, finished_at = null
       where number = $1 and finished_at is not null`,
      [file.number],
    );
  }
  const { rows } = await client.query<State>(
    `select position, rows::float8, estimated_rows::float8 as "estimatedRows", finished_at is not null as finished
     from ${tables.backfill} where number = $1`,
    [file.number],
  );
  return rows[0]!;
}

async function finish(file: BackfillFile, { client, tables }: BackfillOptions): Promise<void> {
  await client.query('begin');
  await client.query(
    `update ${tables.backfill} set finished_at = now(), updated_at = now(), held = null where number = $1`,
    [file.number],
  );
  await record(client, tables, file);
  await client.query('commit');
}

/** Answers the type of the key. Without an index each batch would read the whole table; a null would be left out. */
async function checkKey(file: BackfillFile, { client }: BackfillOptions): Promise<string> {
  const { table, key } = file.backfill;
  const { rows } = await client.query<{ type: string; filled: boolean; indexed: boolean }>(
    `select format_type(atttypid, null) as type, attnotnull as filled, exists (
       select from pg_index where indrelid = attrelid and indisvalid and indpred is null and indkey[0] = attnum
     ) as indexed
     from pg_attribute where attrelid = to_regclass($1) and attname = $2 and attnum > 0 and not attisdropped`,
    [quoted(file), key],
  );
  const [column] = rows;
  if (!column) throw migrationFailed(`${file.path}: there is no column ${table}.${key}`);
  if (!column.filled || !column.indexed) {
    throw migrationFailed(
      `${file.path}: ${table}.${key} ${column.filled ? 'has no index' : 'may be null'}: name a column by key= that has both not null and an index, such as the primary key`,
    );
  }
  return column.type;
}

function quoted({ backfill }: BackfillFile): string {
  return backfill.table.split('.').map(driver().escapeIdentifier).join('.');
}

/** Somebody else holds rows, or the batch was too large for its time. */
function givesWay(error: unknown): boolean {
  const { code } = error as pg.DatabaseError;
  return isLockFailure(error) || code === '40001' || code === '57014';
}
