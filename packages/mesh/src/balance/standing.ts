/** What a balancer knows of one peer from the attempts with it: what is in flight, how slow it is, how often it fails,
 * and whether it is avoided.
 *
 * A peer is ejected when
 * - its connection failed: at once;
 * - CONSECUTIVE_FAILURES attempts in a row failed;
 * - other peers overtook it as often, and it has answered nothing for SILENT_MS;
 * - of at least MIN_ATTEMPTS attempts (success-rate.ts) fewer than MIN_RATE succeeded, and OTHERS_BETTER_BY more of
 *   those with other peers of its service (after Envoy's success rate outliers).
 * It is avoided for FIRST_EJECTION_MS, each time in a row twice as long, up to MAX_EJECTION_MS. Then one attempt probes
 * it: success brings it back, and when it has been good for FORGIVE_MS the next ejection counts as the first again.
 *
 * A peer that refuses a call because it is overloaded (RESOURCE_EXHAUSTED, never begun) works as it should: it is not
 * ejected, but counts as REFUSING_LOAD times as loaded for as long as it asked to be left alone.
 *
 * A newcomer among established peers starts slowly: its part of the calls grows over SLOW_START_MS. */
import { GoblinError } from '@goblin/core';
import { PeakEwma } from './peak-ewma.ts';
import { SuccessRate } from './success-rate.ts';

const CONSECUTIVE_FAILURES = 3;
const SILENT_MS = 500;
const MIN_ATTEMPTS = 20;
const MIN_RATE = 0.5;
const OTHERS_BETTER_BY = 0.25;
/** The others are looked at so often at most. */
const COMPARE_EACH_MS = 250;
const FIRST_EJECTION_MS = 1_000;
const MAX_EJECTION_MS = 30_000;
const FORGIVE_MS = 30_000;
const LAST_RESORT_MS = 100;
const SLOW_START_MS = 10_000;
const MIN_WARMTH = 0.1;
const REFUSING_LOAD = 4;
const MIN_REFUSING_MS = 100;
const MAX_REFUSING_MS = 5_000;

/** How an attempt went, as far as it tells of the peer. `failed`: it answered with a failure of its own, or not in
 * time. `unreachable`: the connection failed. `refused`: it was overloaded and did not begin. `overtaken`: another peer
 * was asked later and answered first. `unknown`: nobody waited for the outcome. A coded refusal by the service is `ok`. */
export type AttemptOutcome = 'ok' | 'failed' | 'unreachable' | 'refused' | 'overtaken' | 'unknown';

export type EjectionReason = 'failed' | 'unreachable' | 'silent' | 'rate';

export interface Ejection {
  readonly reason: EjectionReason;
  /** For people: `3 attempts in a row failed: UNAVAILABLE`. */
  readonly because: string;
  readonly since: number;
  readonly until: number;
  /** In a row. */
  readonly times: number;
}

/** An attempt that has ended. */
export interface Ended {
  readonly outcome: AttemptOutcome;
  readonly beganAt: number;
  readonly at: number;
  /** Whether it was to find out if an avoided peer is back. */
  readonly isProbe: boolean;
  /** What it failed with. */
  readonly error: unknown;
}

export class Standing {
  inFlight = 0;
  readonly latency: PeakEwma = new PeakEwma();
  readonly successes: SuccessRate = new SuccessRate();
  ejection: Ejection | undefined;
  lastFailure: { readonly message: string; readonly at: number } | undefined;
  readonly service: string | undefined;
  readonly #knownSince: number;
  #startsSlowly: boolean;
  #refusingUntil = 0;
  /** Failing answers in a row. */
  #failures = 0;
  /** Attempts in a row that were overtaken, and when the first of them began. */
  #overtaken = 0;
  #silentSince = 0;
  #comparedAt = Number.NEGATIVE_INFINITY;
  /** Ejections in a row. */
  #times = 0;
  #trustedSince = Number.NEGATIVE_INFINITY;
  #failedAt = 0;
  #reachable = true;
  #probing = false;

  /** @param now when this process first sees it as ready.
   * @param startsSlowly whether it is a newcomer among established peers. */
  constructor(service: string | undefined, now: number, startsSlowly: boolean) {
    this.service = service;
    this.#knownSince = now;
    this.#startsSlowly = startsSlowly;
  }

  isEstablished(now: number): boolean {
    return now >= this.#knownSince + SLOW_START_MS;
  }

  /** Which part of its weight counts: grows to 1. */
  warmth(now: number): number {
    if (!this.#startsSlowly) return 1;
    const part = (now - this.#knownSince) / SLOW_START_MS;
    if (part < 1) return Math.max(MIN_WARMTH, part);
    this.#startsSlowly = false;
    return 1;
  }

  /** What one call in flight counts for. */
  burden(now: number): number {
    const burden = this.latency.burden(now);
    return now < this.#refusingUntil ? burden * REFUSING_LOAD : burden;
  }

  isRefusing(now: number): boolean {
    return now < this.#refusingUntil;
  }

  /** Trusted, or to be probed because its time is over. */
  isUsable(now: number): boolean {
    return !this.ejection || (now >= this.ejection.until && !this.#probing);
  }

  /** Not avoided for a failed connection. */
  isReachable(now: number): boolean {
    return this.#reachable || this.isUsable(now);
  }

  /** Whether it may be tried though avoided, because nobody else can be. */
  isLastResort(now: number): boolean {
    return !this.#probing && now >= this.#failedAt + LAST_RESORT_MS;
  }

  /** When it may be probed; Infinity while it is. */
  get probeAt(): number {
    return this.#probing ? Number.POSITIVE_INFINITY : (this.ejection?.until ?? 0);
  }

  /** An attempt begins. True when it is the one probe of an avoided peer. */
  begin(now: number): boolean {
    this.inFlight++;
    if (!this.ejection || this.#probing) return false;
    this.#probing = now >= this.ejection.until || !this.#reachable;
    return this.#probing;
  }

  /** The usual end of an attempt with a peer that is trusted. */
  succeed(at: number): void {
    this.inFlight--;
    this.#failures = 0;
    this.#overtaken = 0;
    this.successes.count(false, at);
  }

  /** An attempt ends. True when the peer is avoided from now on, for longer, or no more.
   * @param othersRate the success rate of other peers of its service; undefined where there is none. */
  end(ended: Ended, othersRate: () => number | undefined): boolean {
    const { outcome, isProbe, at, error } = ended;
    this.inFlight--;
    if (isProbe) this.#probing = false;
    const wasEjected = this.ejection !== undefined;
    const failed = outcome === 'failed' || outcome === 'unreachable';
    if (failed) this.lastFailure = { message: describe(error, outcome), at };
    if (outcome === 'ok' || outcome === 'refused') this.#answered(ended);
    if (outcome === 'refused') this.#refused(error, at);
    if (outcome === 'ok' || failed) this.successes.count(failed, at);
    const because = this.#distrust(ended, othersRate);
    if (because === undefined) return isProbe || (wasEjected && !this.ejection);
    return this.#eject(because[0], because[1], isProbe, at) || isProbe;
  }

  #answered({ beganAt, at }: Ended): void {
    this.#failures = 0;
    this.#overtaken = 0;
    this.#reachable = true;
    const { ejection } = this;
    // Who fails half of its attempts answers the others: those that ran already say nothing against avoiding it.
    if (!ejection || (beganAt < ejection.since && ejection.reason !== 'unreachable')) return;
    this.ejection = undefined;
    this.#trustedSince = at;
    this.successes.clear();
  }

  #refused(error: unknown, at: number): void {
    const asked = error instanceof GoblinError ? Number(error.data?.retryAfterMs) : Number.NaN;
    const forMs = Math.min(MAX_REFUSING_MS, Math.max(MIN_REFUSING_MS, asked || 0));
    this.#refusingUntil = Math.max(this.#refusingUntil, at + forMs);
  }

  /** Why it is to be avoided, if it is. */
  #distrust(
    ended: Ended,
    othersRate: () => number | undefined,
  ): readonly [EjectionReason, string] | undefined {
    const { outcome, isProbe, at } = ended;
    if (outcome === 'unreachable')
      return ['unreachable', `it could not be reached: ${this.lastFailure!.message}`];
    if (outcome === 'overtaken') return this.#distrustSilence(ended);
    if (outcome !== 'failed') return undefined;
    this.#failures++;
    const { message } = this.lastFailure!;
    if (isProbe) return ['failed', `the probe failed: ${message}`];
    if (this.#failures >= CONSECUTIVE_FAILURES)
      return ['failed', `${this.#failures} attempts in a row failed: ${message}`];
    return this.#distrustRate(at, othersRate);
  }

  #distrustSilence({ beganAt, at, isProbe }: Ended): readonly [EjectionReason, string] | undefined {
    if (this.#overtaken++ === 0) this.#silentSince = beganAt;
    else this.#silentSince = Math.min(this.#silentSince, beganAt);
    const silentMs = Math.round(at - this.#silentSince);
    if (!isProbe && (this.#overtaken < CONSECUTIVE_FAILURES || silentMs < SILENT_MS)) return undefined;
    const others = `${this.#overtaken} later attempts with others were answered`;
    return ['silent', `it has not answered for ${silentMs} ms, and ${others}`];
  }

  #distrustRate(
    at: number,
    othersRate: () => number | undefined,
  ): readonly [EjectionReason, string] | undefined {
    const attempts = this.successes.attempts(at);
    if (attempts < MIN_ATTEMPTS || at < this.#comparedAt + COMPARE_EACH_MS) return undefined;
    const rate = 1 - this.successes.failures(at) / attempts;
    if (rate >= MIN_RATE) return undefined;
    this.#comparedAt = at;
    const others = othersRate();
    if (others === undefined || others < rate + OTHERS_BETTER_BY) return undefined;
    return [
      'rate',
      `only ${percent(rate)} of ${attempts} attempts succeeded, and ${percent(others)} with others`,
    ];
  }

  /** False where nothing changes. */
  #eject(reason: EjectionReason, because: string, isProbe: boolean, now: number): boolean {
    this.#failedAt = now;
    const couldBeReached = this.#reachable;
    this.#reachable = reason !== 'unreachable';
    // Attempts that began before the ejection and fail only now do not make it longer.
    if (this.ejection && now < this.ejection.until && !isProbe) return couldBeReached !== this.#reachable;
    if (!this.ejection && now - this.#trustedSince >= FORGIVE_MS) this.#times = 0;
    const forMs = Math.min(MAX_EJECTION_MS, FIRST_EJECTION_MS * 2 ** this.#times);
    this.#times++;
    const since = this.ejection?.since ?? now;
    this.ejection = { reason, because, since, until: now + forMs, times: this.#times };
    return true;
  }
}

function describe(error: unknown, outcome: AttemptOutcome): string {
  if (error instanceof GoblinError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : outcome;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
