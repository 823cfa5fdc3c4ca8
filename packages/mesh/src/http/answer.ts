/** Writes whole answers, each in one write. To a client that has gone away nothing is written. */
import type { ServerResponse } from 'node:http';
import { type Cancellation, GoblinError, untilCancelled } from '@goblin/core';
import { JSON_TYPE, toConnectError } from './connect-protocol.ts';

/** A flat list of names and values, as `writeHead` takes it. */
export type RawHeaders = readonly string[];

export function answer(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: RawHeaders = NONE,
): void {
  if (response.destroyed || response.headersSent) return;
  const length = String(typeof body === 'string' ? Buffer.byteLength(body) : body.length);
  response.writeHead(status, ['content-type', contentType, 'content-length', length, ...headers]);
  response.end(body);
}

const NONE: RawHeaders = [];

/** RFC 9457: how everything but a procedure says what went wrong. */
export function answerProblem(response: ServerResponse, error: GoblinError, headers?: RawHeaders): void {
  answer(response, error.status, PROBLEM_TYPE, problemJson(error), headers);
}

export const PROBLEM_TYPE = 'application/problem+json';

/** The body of a problem: `code` and `data` are those of the GoblinError. */
export function problemJson(error: GoblinError): string {
  const { status, code, message, data } = error;
  const problem = { type: 'about:blank', title: code, status, detail: message, code };
  try {
    return JSON.stringify(data ? { ...problem, data } : problem);
  } catch {
    return JSON.stringify(problem);
  }
}

/** How a unary procedure says what went wrong. */
export function answerConnectError(response: ServerResponse, error: GoblinError, headers?: RawHeaders): void {
  answer(response, error.status, JSON_TYPE, JSON.stringify(toConnectError(error)), headers);
}

/** Handlers and routes may throw anything; strangers see no more of it than INTERNAL. */
export function asGoblinError(thrown: unknown): GoblinError {
  return thrown instanceof GoblinError ? thrown : new GoblinError('INTERNAL', { cause: thrown });
}

/** Resolves when more may be written; rejects when nobody wants it any more. */
export function drained(response: ServerResponse, cancellation: Cancellation): Promise<void> {
  const drain = new Promise<void>((resolve) => response.once('drain', resolve));
  return untilCancelled(cancellation, drain);
}
