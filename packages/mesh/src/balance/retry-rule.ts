/** What an attempt's error tells: whether the same work may be tried again, and what it says of the peer.
 *
 * Work that surely never began may always be tried again; whoever refuses it says so by `data.started === false`,
 * because a code alone does not: a handler may have done half its work when something below it became
 * UNAVAILABLE. Anything else is tried again only if the work is idempotent and the code is retryable. An error
 * with `data.attempts` comes from a dispatcher further down, which has tried already: only one floor retries. */
import { errorEntry, GoblinError } from '@goblin/core';
import { addressOf, type Peer } from '../peer.ts';
import type { AttemptOutcome } from './balancer.ts';

/** An answer missing after less time than this says more of the caller's haste than of the peer. */
const MIN_TELLING_MS = 100;

export function neverBegan(error: unknown): boolean {
  return error instanceof GoblinError && error.data?.started === false;
}

export function mayTryAgain(error: unknown, idempotent: boolean): error is GoblinError {
  if (!(error instanceof GoblinError) || !error.retryable) return false;
  return neverBegan(error) || (idempotent && !triedBelow(error));
}

/** @param tookMs how long the attempt took. */
export function outcomeOf(error: unknown, tookMs: number): AttemptOutcome {
  if (!(error instanceof GoblinError)) return 'failed';
  if (error.code === 'CANCELED') return 'unknown';
  if (triedBelow(error)) return 'ok';
  if (error.code === 'CONNECTION_FAILED') return 'unreachable';
  if (error.code === 'DEADLINE_EXCEEDED') return tookMs >= MIN_TELLING_MS ? 'failed' : 'unknown';
  return errorEntry(error.code).status >= 500 ? 'failed' : 'ok';
}

/** The error as the caller gets it: those of the way carry who was tried, how often and how much time was left. */
export function explained(
  error: unknown,
  target: string,
  peer: Peer,
  attempts: number,
  timeLeftMs: number,
): unknown {
  if (!(error instanceof GoblinError) || triedBelow(error)) return error;
  if (!error.retryable && error.code !== 'DEADLINE_EXCEEDED') return error;
  const { started: _, ...data } = error.data ?? {};
  const times = attempts === 1 ? '' : `, after ${attempts} attempts`;
  return new GoblinError(error.code, {
    message: `${target}: ${error.message} (${peer.instance} at ${addressOf(peer)}${times})`,
    data: {
      ...data,
      peer: peer.instance,
      attempts,
      ...(Number.isFinite(timeLeftMs) && { timeLeftMs: Math.max(0, Math.round(timeLeftMs)) }),
    },
    cause: error,
  });
}

function triedBelow(error: GoblinError): boolean {
  return error.data?.attempts !== undefined;
}
