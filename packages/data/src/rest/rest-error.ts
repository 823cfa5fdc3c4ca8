/** What goes wrong in a request for rows, said in one body that both sides understand: PostgREST's clients read `code`,
 * `message`, `details` and `hint`; the rest is a problem of RFC 9457, as every other route answers, with the platform's
 * code as its title.
 * https://docs.postgrest.org/en/stable/references/errors.html */
import { type ErrorCode, errorEntry, GoblinError, isGoblinError } from '@goblin/core';
import { serverErrorOf } from '../database/errors.ts';

export interface RestErrorOptions {
  /** Where it is not that of the platform's code. */
  readonly status?: number;
  readonly details?: string;
  readonly hint?: string | undefined;
}

export class RestError extends GoblinError {
  /** PostgREST's code, such as `PGRST100`, or an SQLSTATE. */
  readonly restCode: string;
  readonly details: string | null;
  readonly hint: string | null;
  readonly #status: number;

  constructor(code: ErrorCode, restCode: string, message: string, options: RestErrorOptions = {}) {
    super(code, { message });
    this.restCode = restCode;
    this.details = options.details ?? null;
    this.hint = options.hint ?? null;
    this.#status = options.status ?? errorEntry(code).status;
  }

  override get status(): number {
    return this.#status;
  }
}

/** The request is not of the language that is spoken here. */
export function notUnderstood(message: string, details?: string): RestError {
  return new RestError('INVALID_INPUT', 'PGRST100', message, details === undefined ? {} : { details });
}

const PROBLEM_TYPE = 'application/problem+json';

export function errorResponse(error: RestError): Response {
  const { status, message, details, hint, restCode, code: title } = error;
  const body = {
    code: restCode,
    message,
    details,
    hint,
    type: 'about:blank',
    title,
    status,
    detail: message,
  };
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': PROBLEM_TYPE } });
}

/** Anything that was thrown, as what the client is told of it. */
export function asRestError(thrown: unknown): RestError {
  if (thrown instanceof RestError) return thrown;
  if (!isGoblinError(thrown)) return new RestError('INTERNAL', 'INTERNAL', errorEntry('INTERNAL').meaning);
  const code = thrown.code as ErrorCode;
  const server = serverErrorOf(thrown);
  const sqlState = server?.code;
  if (!server || sqlState === undefined) return new RestError(code, code, thrown.message);
  if (sqlState === RAISED) {
    const { message, detail, hint } = server;
    return new RestError('INVALID_INPUT', sqlState, message, {
      hint,
      ...(detail !== undefined && { details: detail }),
    });
  }
  if (GONE.has(sqlState))
    return new RestError('UNAVAILABLE', sqlState, 'the tables have just changed: try it again');
  // The server's sentence names types, columns and rules, and the values that the client sent; its details quote rows.
  if (!SAYABLE.has(sqlState.slice(0, 2)) && code !== 'FORBIDDEN')
    return new RestError(code, sqlState, thrown.message);
  return new RestError(code, sqlState, server.message, { status: statusOf(sqlState, code) });
}

/** A table or column that was there when the catalog was read. */
const GONE: ReadonlySet<string> = new Set(['42P01', '42703']);
/** What a function or trigger of the service says by `raise exception` is meant for the client. */
const RAISED = 'P0001';
/** Classes of SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const SAYABLE: ReadonlySet<string> = new Set(['22', '23']);
const FOREIGN_KEY_VIOLATION = '23503';

/** As PostgREST answers them. */
function statusOf(sqlState: string, code: ErrorCode): number {
  if (sqlState === FOREIGN_KEY_VIOLATION) return 409;
  return code === 'FAILED_PRECONDITION' ? 400 : errorEntry(code).status;
}
