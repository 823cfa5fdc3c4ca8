/** What an attempt's error tells: whether the same work may be tried again, and what it says of the peer.
 *
 * Work that surely never began may always be tried again; whoever refuses it says so by `data.started === false`,
 * because a code alone does not: a handler may have done half its work when something below it became
 * UNAVAILABLE. Anything else is tried again only if the work is idempotent and the code is retryable. An error
 * with `data.attempts` comes from a dispatcher further down, which has tried already: only one floor retries.
 *
 * Who is told RESOURCE_EXHAUSTED may ask one other peer and no third: when all are busy, asking around makes them
 * busier. */
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

/** A limit was reached, the peer's or the caller's. */
export function isRefusal(error: unknown): boolean {
  return error instanceof GoblinError && error.code === 'RESOURCE_EXHAUSTED';
}

/** @param tookMs how long the attempt took.
 * @param slowMs what most answers of the procedure stay below; 0 when that is not known. */
export function outcomeOf(error: unknown, tookMs: number, slowMs: number): AttemptOutcome {
  if (!(error instanceof GoblinError)) return 'failed';
  if (error.code === 'CANCELED') return 'unknown';
  if (triedBelow(error)) return 'ok';
  if (error.code === 'CONNECTION_FAILED') return 'unreachable';
  if (error.code === 'DEADLINE_EXCEEDED')
    return tookMs >= MIN_TELLING_MS && tookMs > slowMs ? 'failed' : 'unknown';
  if (isRefusal(error) && neverBegan(error)) return 'refused';
  return errorEntry(error.code).status >= 500 ? 'failed' : 'ok';
}

/** What is known when work has failed. */
export interface Circumstances {
  readonly target: string;
  /** Who failed last. */
  readonly peer: Peer;
  /** Who was asked beside it and has not answered. */
  readonly others: readonly Peer[];
  readonly attempts: number;
  readonly timeLeftMs: number;
}

/** The error as the caller gets it: those of the way carry who was tried, how often and how much time was left. */
export function explained(
  error: unknown,
  { target, peer, others, attempts, ...circumstances }: Circumstances,
): unknown {
  if (!(error instanceof GoblinError) || triedBelow(error) || !isOfTheWay(error)) return error;
  const { started: _, ...data } = error.data ?? {};
  const timeLeftMs = Math.max(0, Math.round(circumstances.timeLeftMs));
  const told = [
    `${peer.instance} at ${addressOf(peer)}`,
    ...(others.length === 0
      ? []
      : [`no answer from ${others.map(({ instance }) => instance).join(', ')} either`]),
    ...(attempts === 1 ? [] : [`after ${attempts} attempts`]),
    ...(timeLeftMs > 0 && timeLeftMs < Number.POSITIVE_INFINITY ? [`${timeLeftMs} ms left`] : []),
  ];
  return new GoblinError(error.code, {
    message: `${target}: ${error.message} (${told.join(', ')})`,
    data: {
      ...data,
      peer: peer.instance,
      ...(others.length > 0 && { others: others.map(({ instance }) => instance) }),
      attempts,
      ...(Number.isFinite(timeLeftMs) && { timeLeftMs }),
    },
    cause: error,
  });
}

/** Whether the way failed and not the service declined. */
function isOfTheWay({ code, retryable }: GoblinError): boolean {
  return retryable || code === 'DEADLINE_EXCEEDED' || code === 'BAD_ANSWER';
}

function triedBelow(error: GoblinError): boolean {
  return error.data?.attempts !== undefined;
}
