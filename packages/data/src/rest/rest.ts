/** Tables and views over HTTP, in the language of PostgREST (https://postgrest.org), so that its clients work.
 *
 *     GET    /rest/payment?select=id,customer(name)&amount=gte.100&order=created_at.desc&limit=20
 *     POST   /rest/payment        PATCH /rest/payment?id=eq.7        DELETE /rest/payment?id=eq.7
 *
 * A request's way: parse-query.ts reads it within the bounds of bounds.ts → the catalog (catalog-cache.ts) says which
 * tables, columns and relations there are → statement.ts writes one statement whose names come from the catalog alone and
 * whose values are all bound → it runs in a transaction that took the role of the caller first (role.ts), so that rights
 * and row-level security decide what is seen → the database makes the JSON, and this process passes it on.
 *
 * Only tables that are named are served, and only relations between them are embedded. A request sees and changes at most
 * `maxRows` rows (of each embedded list too), takes at most `timeout`, and is answered with 16 MB at most. What
 * would change more is refused and rolled back, and so is a change of all rows.
 *
 * Not there: functions (`rpc`), aggregates, spreading of lists, relations of views, CSV as input. */
import {
  type ContextValues,
  context,
  type Duration,
  GoblinError,
  milliseconds,
  type OpenApiDocument,
  openScope,
  systemClock,
} from '@goblin/core';
import type { Database } from '../database/database.ts';
import { serverErrorOf } from '../database/errors.ts';
import { catalogCache } from './catalog-cache.ts';
import { type Endpoint, handle } from './handle.ts';
import { openApiOfTables } from './openapi.ts';
import { asRestError, errorResponse, type RestError } from './rest-error.ts';

const DEFAULT_PREFIX = '/rest';
const DEFAULT_MAX_ROWS = 1_000;
const DEFAULT_TIMEOUT = '5s';

export interface RestRoles {
  /** The role of whoever is nobody in particular. */
  readonly anonymous: string;
  /** The role of a call; undefined for the anonymous one. Default: always that. */
  readonly of?: (context: ContextValues) => string | undefined;
}

export interface RestOptions {
  /** Tables and views to serve, by name. Nothing else is. */
  readonly tables: readonly string[];
  /** Database roles that requests act as. Each must be granted to the service's own: `select goblin.make_role('reader')`. */
  readonly roles: RestRoles;
  /** Where the tables are. Default: the schema of the database. */
  readonly schema?: string;
  /** Rows that a request may see of each list, write or change, at most. Default 1,000. */
  readonly maxRows?: number;
  /** Default 5 s. */
  readonly timeout?: Duration;
  /** Default `/rest`. */
  readonly prefix?: string;
  /** Lets PATCH and DELETE change all rows (up to `maxRows`) where no filter is given. Default: they are refused. */
  readonly allowUnfiltered?: boolean;
}

/** A route as `serve` takes it, whatever the contract. */
export type RestRoute = (
  request: Request,
  call: unknown,
  params: Readonly<Record<string, string>>,
) => Promise<Response>;

export interface RestTables {
  /** To spread into the `routes` of `serve`. */
  readonly routes: Readonly<Record<string, RestRoute>>;
  /** What is served now, as OpenAPI 3.1; also at GET on the prefix. */
  openapi(): Promise<OpenApiDocument>;
}

/** @example
 * const tables = rest(db, { tables: ['payment', 'v_revenue'], roles: { anonymous: 'shop.reader' } });
 * serve(contract, implementation, { routes: { ...tables.routes } });
 * @throws CONFIG_INVALID for a prefix or a number of rows that cannot be */
export function rest(db: Database, options: RestOptions): RestTables {
  const { tables, roles, schema = db.schema, prefix = DEFAULT_PREFIX, maxRows = DEFAULT_MAX_ROWS } = options;
  if (!/^(\/[\w.~-]+)+$/.test(prefix))
    throw new GoblinError('CONFIG_INVALID', {
      message: `rest(): the prefix ${JSON.stringify(prefix)} is not like /rest`,
    });
  if (!Number.isSafeInteger(maxRows) || maxRows < 1)
    throw new GoblinError('CONFIG_INVALID', {
      message: `rest(): maxRows is ${maxRows}: give a whole number above 0`,
    });
  const timeoutMs = milliseconds(options.timeout ?? DEFAULT_TIMEOUT);
  const catalog = catalogCache(db, schema, tables);
  const endpoint: Endpoint = {
    db,
    roleOf: (values) => roles.of?.(values) ?? roles.anonymous,
    maxRows,
    allowUnfiltered: options.allowUnfiltered ?? false,
  };

  const openapi = async (): Promise<OpenApiDocument> =>
    openApiOfTables(await catalog.current(), prefix, maxRows);

  /** Whatever goes wrong is answered here, in the form that clients know. */
  async function answered(work: () => Promise<Response>): Promise<Response> {
    try {
      const scope = openScope(context.current, systemClock.now() + timeoutMs);
      try {
        return await context.enter(scope.values, work);
      } finally {
        scope.close();
      }
    } catch (thrown) {
      const error = asRestError(thrown);
      report(thrown, error);
      return errorResponse(error);
    }
  }

  function report(thrown: unknown, { code, restCode }: RestError): void {
    if (STALE.has(restCode)) catalog.doubt();
    const isOurs = code === 'INTERNAL' || code === 'CONFIG_INVALID';
    // What a statement failed with is in the log already.
    if (isOurs && !serverErrorOf(thrown))
      db.telemetry.log.error({ err: thrown }, 'a request for rows failed unexpectedly');
  }

  const rows: RestRoute = (request, _call, { table = '' }) =>
    answered(async () => handle(endpoint, await catalog.current(), request, table));
  const root: RestRoute = () => answered(async () => Response.json(await openapi()));
  const table = `${prefix}/:table`;
  return {
    routes: {
      [`GET ${prefix}`]: root,
      [`GET ${prefix}/`]: root,
      [`GET ${table}`]: rows,
      [`POST ${table}`]: rows,
      [`PATCH ${table}`]: rows,
      [`DELETE ${table}`]: rows,
    },
    openapi,
  };
}

/** What an old snapshot leads to: no such table, column or relation, here or in the database. */
const STALE: ReadonlySet<string> = new Set([
  'PGRST200',
  'PGRST204',
  'PGRST205',
  '42P01',
  '42703',
  '42704',
  '42804',
  '42883',
]);
