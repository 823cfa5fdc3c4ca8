/** What a balancer knows of one peer from the attempts with it: what is in flight, and whether it is avoided. The clock
 * is read only where something goes wrong. */
import type { Clock } from '@goblin/core';

const CONSECUTIVE_FAILURES = 3;
const FIRST_EJECTION_MS = 1_000;
const MAX_EJECTION_MS = 30_000;
const LAST_RESORT_MS = 100;

/** How an attempt went, as far as it tells of the peer. `failed`: it answered with a failure of its own, or not in
 * time. `unreachable`: the connection failed. `unknown`: nobody waited for the outcome. A coded refusal is `ok`. */
export type AttemptOutcome = 'ok' | 'failed' | 'unreachable' | 'unknown';

export class Standing {
  inFlight = 0;
  /** Failing answers in a row. */
  #failures = 0;
  /** Ejections in a row; 0 when it is trusted. */
  #ejections = 0;
  #ejectedUntil = 0;
  #failedAt = 0;
  #reachable = true;
  #probing = false;

  get ejected(): boolean {
    return this.#ejections > 0;
  }

  /** Trusted, or to be probed because its time is over. */
  isUsable(now: number): boolean {
    return this.#ejections === 0 || (now >= this.#ejectedUntil && !this.#probing);
  }

  /** Not avoided for a failed connection. */
  isReachable(now: number): boolean {
    return this.#reachable || this.isUsable(now);
  }

  /** Whether it may be tried though avoided, because nobody else can be. */
  isLastResort(now: number): boolean {
    return !this.#probing && now >= this.#failedAt + LAST_RESORT_MS;
  }

  /** An attempt begins. True when it is the one probe of an avoided peer. */
  begin(clock: Clock): boolean {
    this.inFlight++;
    if (this.#ejections === 0 || this.#probing) return false;
    this.#probing = clock.now() >= this.#ejectedUntil || !this.#reachable;
    return this.#probing;
  }

  /** An attempt ends. Answers for how long the peer is avoided from now on, 0 when nothing of that changed. */
  end(outcome: AttemptOutcome, probe: boolean, clock: Clock): number {
    this.inFlight--;
    if (probe) this.#probing = false;
    if (outcome === 'ok') {
      this.#failures = 0;
      this.#ejections = 0;
      this.#reachable = true;
    }
    if (outcome === 'unreachable') return this.#eject(outcome, probe, clock.now());
    if (outcome === 'failed' && (++this.#failures >= CONSECUTIVE_FAILURES || probe)) {
      return this.#eject(outcome, probe, clock.now());
    }
    return 0;
  }

  #eject(reason: 'failed' | 'unreachable', probe: boolean, now: number): number {
    this.#failedAt = now;
    this.#reachable = reason === 'failed';
    // Attempts that began before the ejection and fail only now tell nothing new.
    if (this.#ejections > 0 && now < this.#ejectedUntil && !probe) return 0;
    const forMs = Math.min(MAX_EJECTION_MS, FIRST_EJECTION_MS * 2 ** this.#ejections);
    this.#ejections++;
    this.#ejectedUntil = now + forMs;
    return forMs;
  }
}
