/** What PostgreSQL and its sockets say, as coded errors. The caller is told the code, and for broken rules the
 * constraint; the server's own words, which may quote rows, stay in the cause for the log. */
import { GoblinError } from '@goblin/core';
import type pg from 'pg';
import { driver } from './driver.ts';

/** SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const LOCK_NOT_AVAILABLE = '55P03';
const UNIQUE_VIOLATION = '23505';
const QUERY_CANCELED = '57014';
const IDLE_IN_TRANSACTION_TIMEOUT = '25P03';
const IN_FAILED_TRANSACTION = '25P02';
const TOO_MANY_CONNECTIONS = '53300';
const INSUFFICIENT_PRIVILEGE = '42501';
/** Of goblin.tenant(): see platform/schema. */
const NO_TENANT = 'TN001';
/** A value that its type, or what it is for, does not take: out of range, too long, no number, no pattern. */
const UNFIT_VALUES: ReadonlySet<string> = new Set([
  '22000',
  '22001',
  '22003',
  '22007',
  '22008',
  '2201B',
  '22021',
  '22025',
  '2202E',
  '22P02',
  '22P05',
]);

/** An error of the driver, as a coded one. `where` names the database for a person. */
export function databaseError(error: unknown, where: string): GoblinError {
  if (error instanceof GoblinError) return error;
  const sqlState = sqlStateOf(error);
  if (isConnectionError(error)) return unavailable(error, where);
  if (sqlState === undefined)
    return new GoblinError('INTERNAL', { message: 'the database driver failed', cause: error });
  const { constraint, table } = error as pg.DatabaseError;
  const data = { sqlState, ...(constraint && { constraint }), ...(table && { table }) };
  const coded = (code: string, message: string): GoblinError =>
    new GoblinError(code, { message, data, cause: error });
  switch (sqlState) {
    case UNIQUE_VIOLATION:
      return coded('ALREADY_EXISTS', `there is one already: ${constraint} allows no second`);
    case SERIALIZATION_FAILURE:
    case DEADLOCK_DETECTED:
      return coded('CONFLICT', 'another transaction changed the same rows at the same time');
    case LOCK_NOT_AVAILABLE:
      return coded('CONFLICT', 'another transaction holds the rows or the table for too long');
    case QUERY_CANCELED:
      return coded('DEADLINE_EXCEEDED', 'the statement took longer than it may');
    case IDLE_IN_TRANSACTION_TIMEOUT:
      return coded('DEADLINE_EXCEEDED', 'the transaction stood idle for too long and was ended');
    case IN_FAILED_TRANSACTION:
      return coded('INTERNAL', 'an earlier statement of this transaction had failed');
    case INSUFFICIENT_PRIVILEGE:
      return coded('FORBIDDEN', 'the database does not let this role do that');
    case NO_TENANT:
      return coded(
        'TENANT_REQUIRED',
        'the rows of tenants are kept apart, and this transaction has no tenant',
      );
  }
  if (UNFIT_VALUES.has(sqlState))
    return coded('INVALID_INPUT', `the database does not take a value (${sqlState})`);
  if (sqlState.startsWith('23'))
    return coded('FAILED_PRECONDITION', `the rule ${constraint ?? sqlState} does not allow this`);
  return coded('INTERNAL', `the database refused a statement (${sqlState})`);
}

/** SQLSTATE of the server's error under this one, if that is what it is. */
export function sqlStateOf(error: unknown): string | undefined {
  return serverErrorOf(error)?.code;
}

/** What the server said, under this error, if it said something. */
export function serverErrorOf(error: unknown): pg.DatabaseError | undefined {
  if (error instanceof GoblinError) return error.cause === undefined ? undefined : serverErrorOf(error.cause);
  return error instanceof driver().DatabaseError ? error : undefined;
}

/** The connection failed, or the server is not there (yet, or no longer). */
export function isConnectionError(error: unknown): boolean {
  const sqlState = sqlStateOf(error);
  if (sqlState !== undefined)
    return sqlState.startsWith('08') || sqlState.startsWith('57P0') || sqlState === TOO_MANY_CONNECTIONS;
  const { code, message } = error as NodeJS.ErrnoException;
  return typeof code === 'string'
    ? SOCKET_CODES.has(code)
    : /connection (terminated|error)|not queryable|timeout expired/i.test(String(message));
}

const SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Whether a statement that failed with its connection certainly was not carried out: it could not be written, or
 * the server ended while it waited for something to read. A backend that has done a statement says so before it
 * reads on, so in that case it had not. */
export function wasNotBegun(error: unknown): boolean {
  if (error instanceof driver().DatabaseError)
    return error.severity === 'FATAL' && error.routine === 'secure_read';
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || /not queryable/.test(String(message));
}

function unavailable(error: unknown, where: string): GoblinError {
  return new GoblinError('DATABASE_UNAVAILABLE', {
    message: `${where} cannot be reached: ${(error as Error).message}`,
    cause: error,
  });
}

/** The connection broke after a statement was sent and before its answer came. */
export function outcomeUnknown(error: unknown, where: string): GoblinError {
  return new GoblinError('DATABASE_UNAVAILABLE', {
    message: `the connection to ${where} broke before the answer came; whether the statement was carried out is not known`,
    data: { outcome: 'unknown' },
    cause: error,
  });
}
