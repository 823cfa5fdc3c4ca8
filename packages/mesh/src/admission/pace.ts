/** How long one kind of work takes, and how long it takes when nothing queues. Kinds are kept apart because a process does
 * fast and slow things at once: what a mixture takes says nothing, how much longer each takes than it should says
 * all. */
import { HARMLESS_MS } from './overload.ts';

/** The first calls of a kind tell what it takes: they find an empty process, even when a flood follows them. It is the
 * first to enter, because the first to leave are the fastest. */
const FIRST_CALLS = 8;
/** By which share of the difference the base follows what is faster, what is slower where nothing can queue, and what
 * is slower where less concurrency is not to be had. */
const FALL = 0.2;
const RISE = 0.01;
const RISE_AT_MIN = 0.1;
/** One kind alone does not outweigh all others. */
const MAX_STRETCH = 100;

/** Durations added up. */
class Durations {
  sum = 0;
  count = 0;

  get mean(): number {
    return this.sum / this.count;
  }

  add(ms: number): void {
    this.sum += ms;
    this.count++;
  }

  clear(): void {
    this.sum = 0;
    this.count = 0;
  }
}

export class Pace {
  /** Of the calls under observation, those that have ended. */
  readonly observed = new Durations();
  /** Of all calls that ended lately. */
  readonly recent = new Durations();
  /** Milliseconds when nothing queues; 0 until it is known. */
  #baseMs = 0;
  readonly #first = new Durations();
  #entered = 0;
  #firstUntil = 0;

  enter(now: number): void {
    if (this.#entered === FIRST_CALLS) return;
    this.#entered++;
    this.#firstUntil = now;
  }

  /** Whether it tells anything: what was given up early does not. */
  leave(enteredAt: number, tookMs: number, isGivenUp: boolean, isObserved: boolean): boolean {
    if (isGivenUp && !(this.#baseMs > 0 && tookMs > this.#baseMs)) return false;
    this.recent.add(tookMs);
    if (isObserved) this.observed.add(tookMs);
    if (this.#first.count < FIRST_CALLS && enteredAt <= this.#firstUntil) {
      this.#first.add(tookMs);
      if (this.#first.count === FIRST_CALLS) this.#baseMs = this.#first.mean;
    }
    return true;
  }

  /** How many times longer those took than they should. Differences below HARMLESS_MS are none. */
  stretchOf({ count, mean }: Durations): number {
    if (count === 0 || this.#baseMs === 0) return 1;
    return Math.min(MAX_STRETCH, (mean + HARMLESS_MS) / (this.#baseMs + HARMLESS_MS));
  }

  /** The base follows what was observed: slowly, and upwards only where nothing can have queued. */
  follow(isAtEase: boolean): void {
    this.#follow(isAtEase ? RISE : 0);
  }

  /** The same where less concurrency is not to be had. */
  followAtMin(): void {
    this.#follow(RISE_AT_MIN);
  }

  /** What was observed is what it takes. */
  rebase(): void {
    if (this.observed.count > 0 && this.#baseMs > 0) this.#baseMs = this.observed.mean;
  }

  /** It might be faster than is believed: half as long is taken as the base until shown otherwise. */
  doubt(): void {
    this.#baseMs /= 2;
  }

  #follow(rise: number): void {
    const { count, mean } = this.observed;
    if (count === 0) return;
    if (this.#baseMs === 0) this.#baseMs = mean;
    else this.#baseMs += (mean < this.#baseMs ? FALL : rise) * (mean - this.#baseMs);
  }
}

/** Over all kinds, each call counting once. */
export function meanStretch(paces: readonly Pace[], which: 'observed' | 'recent'): number | undefined {
  let count = 0;
  let sum = 0;
  for (const pace of paces) {
    const durations = pace[which];
    count += durations.count;
    sum += durations.count * pace.stretchOf(durations);
  }
  return count === 0 ? undefined : sum / count;
}

/** Milliseconds that those calls took. */
export function meanDuration(paces: readonly Pace[], which: 'observed' | 'recent'): number {
  let count = 0;
  let sum = 0;
  for (const pace of paces) {
    count += pace[which].count;
    sum += pace[which].sum;
  }
  return count === 0 ? 0 : sum / count;
}
