/** How many calls may run at once. Nobody knows it beforehand: it follows what is measured.
 *
 * As in TCP Vegas (Brakmo and Peterson, 1995) and the gradient limits of Netflix (concurrency-limits), calls that take
 * longer than they should (Pace) are queueing somewhere below, in this process or behind it, and the limit comes down
 * so far that they would not; while they take no longer and callers are waiting, it goes up. For coming down it
 * observes some calls from when they enter until they leave, and how many ran when they entered.
 *
 * Both of its models mistake a dependency that has become slow for a queue, and throttle handlers that merely wait. So
 * each descent is an experiment: if calls queued, fewer at once are faster in proportion (Little's law). Where they are
 * not, they wait and do not queue; then the limit goes back to where it was, and their new time is what they should
 * take. What was believed for DOUBT_ROUNDS at the limit is tried anew. Before anything has ended, nothing speaks against
 * more: the limit doubles. */
import { meanDuration, meanStretch, Pace } from './pace.ts';

export interface LimitBounds {
  readonly minLimit: number;
  readonly initialLimit: number;
  readonly maxLimit: number;
}

/** The limit grows, and is looked at, this often at most. */
export const ROUND_MS = 100;
/** How many calls are observed in a round; fewer when so many do not come in SLOW_ROUND_MS. */
const OBSERVED = 128;
const MIN_OBSERVED = 20;
const SLOW_ROUND_MS = 1_000;
/** A round ends when this share of them has ended, or without a conclusion after so long and so many times what calls
 * take. */
const ENDED_SHARE = 0.9;
const MAX_ROUND_MS = 10_000;
const MAX_ROUND_CALLS = 4;
/** Taking so many times longer than they should, calls are queueing. */
const TOLERANCE = 2;
/** Below this they surely are not, and the limit grows by half and not by its square root. */
const EASE = 1.25;
const FAST_GROWTH = 1.5;
const SLOW_SHARE = 0.5;
const BLIND_GROWTH = 2;
/** The deepest cut that begins a descent, and of each round after it has shown that there is a queue. */
const FIRST_CUT = 0.7;
const DEEPEST_CUT = 0.25;
/** What calls take is waited for before the limit grows further, but no longer than this. */
const MAX_LAG_MS = 400;
/** An experiment has a result when concurrency is down to this share. */
const TELLING_CUT = 0.8;
/** Time that falls with concurrency at least as its power of this is that of a queue; of a queue and nothing else it
 * would fall by the power of 1. */
const ELASTICITY = 0.3;
/** Shares of calls that were given up: from here on it matters however few run, nobody knows any more how long they
 * would have taken, and the limit begins anew from its lower bound. */
const SOME_GIVEN_UP = 0.05;
const MANY_GIVEN_UP = 0.3;
const MOST_GIVEN_UP = 0.5;
const DOUBT_ROUNDS = 100;

/** The experiment that is under way. */
interface Descent {
  readonly from: number;
  readonly concurrency: number;
  readonly stretch: number;
  /** Calls were given up. What they began may go on, and others wait for it though they are few: no conclusion. */
  isTainted: boolean;
}

export class ConcurrencyLimit {
  value: number;
  /** Somebody could not begin at once. */
  isShort = false;
  readonly #bounds: LimitBounds;
  readonly #paces: Pace[] = [];
  #grownAt = 0;
  #recentStretch: number | undefined;
  #recentMs = 0;
  #shortRounds = 0;
  #descent: Descent | undefined;
  /** It was too much the last time; from SLOW_SHARE of it on the limit grows slowly. */
  #tooMuch = Number.POSITIVE_INFINITY;
  /** Those who entered from `#observedFrom` up to `#observedUntil` are observed. */
  #observedFrom = 0;
  #observedUntil = Number.POSITIVE_INFINITY;
  #entered = 0;
  #left = 0;
  #givenUp = 0;
  /** How many ran when they entered, added up. */
  #concurrency = 0;
  /** The most that ran at once in this round, and all who ended, observed or not. */
  #peak = 0;
  #ended = 0;
  #endedGivenUp = 0;

  constructor(bounds: LimitBounds) {
    this.#bounds = bounds;
    this.value = Math.min(bounds.maxLimit, Math.max(bounds.minLimit, bounds.initialLimit));
  }

  pace(): Pace {
    const pace = new Pace();
    this.#paces.push(pace);
    return pace;
  }

  /** @param inFlight with it. */
  enter(pace: Pace, now: number, inFlight: number): void {
    pace.enter(now);
    if (inFlight > this.#peak) this.#peak = inFlight;
    if (!this.#isObserved(now)) return;
    this.#entered++;
    this.#concurrency += inFlight;
    // Who enters at the same reading of the clock is observed too.
    if (this.#entered === OBSERVED) this.#observedUntil = now + Number.EPSILON * Math.max(1, now);
  }

  /** It ended in a way that says nothing of how long it takes. */
  leaveUntold(enteredAt: number): void {
    if (this.#isObserved(enteredAt)) this.#left++;
  }

  leave(pace: Pace, enteredAt: number, now: number, isGivenUp: boolean): void {
    const isObserved = this.#isObserved(enteredAt);
    if (isObserved) this.#left++;
    const isTelling = pace.leave(enteredAt, now - enteredAt, isGivenUp, isObserved);
    if (!isTelling) return;
    this.#ended++;
    if (!isGivenUp) return;
    this.#endedGivenUp++;
    if (isObserved) this.#givenUp++;
  }

  /** @param isLoopLate what is measured is the loop's doing: then nothing is learned, and the limit does not grow. */
  tick(now: number, isLoopLate: boolean): void {
    const sinceMs = now - this.#observedFrom;
    if (this.#observedUntil > now && sinceMs >= SLOW_ROUND_MS && this.#entered >= MIN_OBSERVED)
      this.#observedUntil = now;
    const isComplete = this.#observedUntil <= now && this.#left >= this.#entered * ENDED_SHARE;
    if (isComplete && sinceMs >= ROUND_MS) {
      this.#conclude(now, isLoopLate);
    } else if (sinceMs >= Math.max(MAX_ROUND_MS, MAX_ROUND_CALLS * this.#recentMs)) {
      this.#descent = undefined;
      this.#observe(now);
    }
    if (now - this.#grownAt < ROUND_MS + Math.min(MAX_LAG_MS, this.#recentMs)) return;
    this.#look();
    if (!this.isShort) this.#shortRounds = 0;
    else if (!isLoopLate && !this.#descent) this.#grow();
    this.#grownAt = now;
    this.isShort = false;
  }

  #isObserved(enteredAt: number): boolean {
    return enteredAt >= this.#observedFrom && enteredAt < this.#observedUntil;
  }

  #conclude(now: number, isLoopLate: boolean): void {
    const stretch = meanStretch(this.#paces, 'observed') ?? 1;
    const concurrency = this.#concurrency / this.#entered;
    const givenUp = this.#givenUp / this.#entered;
    const isUsed = this.#peak >= this.value / 2 || givenUp > SOME_GIVEN_UP;
    if (!isUsed || (stretch <= TOLERANCE && givenUp <= MOST_GIVEN_UP)) {
      this.#descent = undefined;
      for (const pace of this.#paces) pace.follow(!isUsed && !isLoopLate);
      return this.#observe(now);
    }
    const isTainted =
      isLoopLate || givenUp > MANY_GIVEN_UP || this.#endedGivenUp > MANY_GIVEN_UP * this.#ended;
    this.#ended = 0;
    this.#endedGivenUp = 0;
    if (this.#descent && isTainted) this.#descent.isTainted = true;
    if (this.#isWaiting(concurrency, stretch)) {
      this.#ascend();
      this.#tooMuch = Number.POSITIVE_INFINITY;
      for (const pace of this.#paces) pace.rebase();
      return this.#observe(now);
    }
    if (this.value <= this.#bounds.minLimit && !isLoopLate)
      for (const pace of this.#paces) pace.followAtMin();
    const deepest = this.#descent || isTainted ? DEEPEST_CUT : FIRST_CUT;
    const share = givenUp > MOST_GIVEN_UP ? 0 : Math.max(deepest, TOLERANCE / stretch);
    this.#descent ??= { from: this.value, concurrency, stretch, isTainted };
    this.#tooMuch = concurrency;
    // From where it is used, not from where it stands.
    this.#set(Math.min(this.value, concurrency) * share);
    // First, all that was begun before is to be over, and what was given up of it too.
    this.#observe(now + meanDuration(this.#paces, 'observed') * Math.max(1, this.#peak / concurrency));
  }

  /** Whether fewer at once were no faster. */
  #isWaiting(concurrency: number, stretch: number): boolean {
    const before = this.#descent;
    if (!before || before.isTainted || concurrency > before.concurrency * TELLING_CUT) return false;
    return stretch > before.stretch * (concurrency / before.concurrency) ** ELASTICITY;
  }

  #ascend(): void {
    if (this.#descent) this.#set(Math.max(this.value, this.#descent.from));
    this.#descent = undefined;
  }

  /** What calls say that ended since the last look; while none do, what the last ones said. */
  #look(): void {
    const stretch = meanStretch(this.#paces, 'recent');
    if (stretch === undefined) return;
    this.#recentStretch = stretch;
    this.#recentMs = meanDuration(this.#paces, 'recent');
    for (const { recent } of this.#paces) recent.clear();
  }

  #grow(): void {
    const stretch = this.#recentStretch;
    if (stretch === undefined) return this.#set(this.value * BLIND_GROWTH);
    const isFast = stretch < EASE && this.value < this.#tooMuch * SLOW_SHARE;
    if (stretch <= TOLERANCE)
      this.#set(isFast ? this.value * FAST_GROWTH : this.value + Math.sqrt(this.value));
    if (++this.#shortRounds < DOUBT_ROUNDS) return;
    this.#shortRounds = 0;
    for (const pace of this.#paces) pace.doubt();
  }

  /** The next round begins then. */
  #observe(from: number): void {
    this.#observedFrom = from;
    this.#observedUntil = Number.POSITIVE_INFINITY;
    this.#entered = 0;
    this.#left = 0;
    this.#givenUp = 0;
    this.#concurrency = 0;
    this.#peak = 0;
    for (const { observed } of this.#paces) observed.clear();
  }

  #set(value: number): void {
    const { minLimit, maxLimit } = this.#bounds;
    this.value = Math.round(Math.min(maxLimit, Math.max(minLimit, value)));
  }
}
