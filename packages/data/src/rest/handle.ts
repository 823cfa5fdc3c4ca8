/** One request for rows, from its parts to its answer. */
import { type ContextValues, context } from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { changeAnswer, rowsAnswer } from './answer.ts';
import type { Catalog, Table } from './catalog.ts';
import { parseQuery } from './parse-query.ts';
import {
  checkProfile,
  type Medium,
  type Preferences,
  readMedium,
  readPreferences,
  readRange,
} from './preferences.ts';
import type { Query, RowsQuery } from './query.ts';
import { insertOf, readBody, updateOf } from './read-body.ts';
import type { Writing } from './read-sql.ts';
import { RestError } from './rest-error.ts';
import { takeRole } from './role.ts';
import { SqlScope } from './source.ts';
import { type Change, changeStatement, planStatement, type RestResult, readStatement } from './statement.ts';

export interface Endpoint {
  readonly db: Database;
  readonly roleOf: (context: ContextValues) => string;
  readonly maxRows: number;
  readonly allowUnfiltered: boolean;
}

/** What a request is about. */
interface Asked {
  readonly endpoint: Endpoint;
  readonly catalog: Catalog;
  readonly table: Table;
  readonly query: Query;
  readonly preferences: Preferences;
  readonly medium: Medium;
}

/** @throws RestError for what the request has wrong, and what a transaction throws */
export async function handle(
  endpoint: Endpoint,
  catalog: Catalog,
  request: Request,
  name: string,
): Promise<Response> {
  const { headers, method } = request;
  checkProfile(headers, catalog.schema);
  const asked: Asked = {
    endpoint,
    catalog,
    table: tableOf(catalog, name),
    query: parseQuery(new URL(request.url).search),
    preferences: readPreferences(headers),
    medium: readMedium(headers),
  };
  if (method === 'GET' || method === 'HEAD') return read(asked, headers);
  return change(asked, method, request);
}

function tableOf({ schema, tables }: Catalog, name: string): Table {
  const table = tables.get(name);
  if (table) return table;
  throw new RestError(
    'NOT_FOUND',
    'PGRST205',
    `Could not find the table '${schema}.${name}' in the schema cache`,
  );
}

function writing({ catalog, endpoint }: Asked): Writing {
  return { catalog, scope: new SqlScope(), maxRows: endpoint.maxRows };
}

async function read(asked: Asked, headers: Headers): Promise<Response> {
  const { table, medium, preferences } = asked;
  const rows = within(asked.query.rows, readRange(headers));
  const statement = readStatement(rows, table, medium.form, preferences.count === 'exact', writing(asked));
  const result = await asRole(asked, true, async (tx) => {
    const found = await tx.one<RestResult>(statement.text, statement.values);
    if (preferences.count === undefined || preferences.count === 'exact') return found;
    return { ...found, total: await estimate(asked, rows, found, tx) };
  });
  return rowsAnswer(result, statement.labels, rows.offset, medium, preferences);
}

/** The rows of a range among those that the query asks for. */
function within(rows: RowsQuery, range: ReturnType<typeof readRange>): RowsQuery {
  if (!range) return rows;
  const left = rows.limit === undefined ? undefined : Math.max(0, rows.limit - range.offset);
  const limits = [left, range.limit].filter((limit) => limit !== undefined);
  return {
    ...rows,
    offset: rows.offset + range.offset,
    limit: limits.length > 0 ? Math.min(...limits) : undefined,
  };
}

/** About how many rows there are, as the planner thinks; `estimated` counts those that fit into one answer. */
async function estimate(asked: Asked, rows: RowsQuery, found: RestResult, tx: Transaction): Promise<number> {
  const { maxRows } = asked.endpoint;
  const { text, values } = planStatement(rows, asked.table, writing(asked));
  const { 'QUERY PLAN': plans } = await tx.one<{ 'QUERY PLAN': { Plan: { 'Plan Rows': number } }[] }>(
    text,
    values,
  );
  const planned = plans[0]!.Plan['Plan Rows'];
  const isWhole =
    found.rows < Math.min(rows.limit ?? maxRows, maxRows) && (found.rows > 0 || rows.offset === 0);
  if (asked.preferences.count === 'estimated' && isWhole) return rows.offset + found.rows;
  return Math.max(planned, rows.offset + found.rows);
}

async function change(asked: Asked, method: string, request: Request): Promise<Response> {
  const { table, query, preferences, medium, endpoint } = asked;
  const what = await changeOf(asked, method, request);
  if (what.kind !== 'insert') mustBeFiltered(query.rows, endpoint);
  const wantsRows = preferences.representation;
  const status = method === 'POST' ? 201 : 200;
  if (isNothing(what)) return changeAnswer(status, NOTHING, [], medium, preferences);
  const statement = changeStatement(what, query, table, wantsRows ? medium.form : undefined, writing(asked));
  return asRole(asked, false, async (tx) => {
    const result = await tx.one<RestResult & { total: number }>(statement.text, statement.values);
    mustBeFew(result.total, preferences.maxAffected, endpoint.maxRows);
    // In the transaction, so that what cannot be answered as it was wanted is not kept.
    return changeAnswer(status, result, statement.labels, medium, preferences);
  });
}

const NOTHING: RestResult = { body: '[]', rows: 0, total: 0 };

async function changeOf(
  { table, query, preferences, endpoint }: Asked,
  method: string,
  request: Request,
): Promise<Change> {
  if (method === 'POST') {
    if (!table.insertable) throw cannot(table, 'inserted into');
    return insertOf(await readBody(request), query, table, preferences, endpoint.maxRows);
  }
  if (!table.updatable) throw cannot(table, 'changed');
  return method === 'PATCH' ? updateOf(await readBody(request), query, table) : { kind: 'delete' };
}

function cannot({ name }: Table, what: string): RestError {
  return new RestError('METHOD_NOT_ALLOWED', '55000', `the view ${name} cannot be ${what}`);
}

/** No objects to insert, or no columns to set. */
function isNothing(what: Change): boolean {
  if (what.kind === 'insert') return what.shapes.length === 0;
  return what.kind === 'update' && Object.keys(what.values).length === 0;
}

function mustBeFiltered({ conditions }: RowsQuery, { allowUnfiltered }: Endpoint): void {
  if (conditions.length > 0 || allowUnfiltered) return;
  throw new RestError('INVALID_INPUT', '21000', 'this would change every row: say which ones by a filter');
}

function mustBeFew(changed: number, wanted: number | undefined, maxRows: number): void {
  const most = Math.min(wanted ?? maxRows, maxRows);
  if (changed <= most) return;
  throw new RestError(
    'INVALID_INPUT',
    'PGRST124',
    `this would change ${changed} rows, and ${most} at most may be`,
    {
      details: 'nothing was changed',
    },
  );
}

function asRole<T>(
  { endpoint }: Asked,
  readOnly: boolean,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const role = endpoint.roleOf(context.current);
  return endpoint.db.transaction(async (tx) => {
    await takeRole(tx, role, readOnly);
    return work(tx);
  });
}
