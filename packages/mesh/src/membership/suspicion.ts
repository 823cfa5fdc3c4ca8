/** How long a suspect has to contradict before it counts as dead, after Lifeguard (arXiv 1707.00788): long while
 * only one member suspects it, because that one may be wrong, and shorter with each that agrees. */

/** Members that must agree, besides the first, for the shortest time. */
const CONFIRMATIONS = 3;
const MIN_MS = 2_000;
/** Probe periods, times the decimal logarithm of the members: the time news of it and its answer need. */
const PERIODS = 2;
const MAX_TIMES_MIN = 6;

export class Suspicion {
  /** Since when, monotonic ms. */
  startedAt: number;
  /** Whether the suspect was asked itself once more, as it is at half time. */
  reminded = false;
  readonly #accusers = new Set<number>();
  readonly #minMs: number;
  readonly #needed: number;

  /** @param members how many there are, ourselves and the suspect included. */
  constructor(accuser: number, members: number, probePeriodMs: number, now: number) {
    this.startedAt = now;
    this.#accusers.add(accuser);
    this.#minMs = Math.max(MIN_MS, PERIODS * Math.log10(members) * probePeriodMs);
    this.#needed = Math.max(0, Math.min(CONFIRMATIONS, members - 3));
  }

  /** How many members suspect it. */
  get accusers(): number {
    return this.#accusers.size;
  }

  /** Another one agrees. False when that is known, or enough do already. */
  confirm(accuser: number): boolean {
    if (this.#accusers.size > this.#needed || this.#accusers.has(accuser)) return false;
    this.#accusers.add(accuser);
    return true;
  }

  /** When something is to be done about it next. */
  get due(): number {
    return this.reminded ? this.deadline : (this.startedAt + this.deadline) / 2;
  }

  /** When its time is up. */
  get deadline(): number {
    if (this.#needed === 0) return this.startedAt + this.#minMs;
    const agreed = Math.log(this.#accusers.size) / Math.log(this.#needed + 1);
    const maxMs = MAX_TIMES_MIN * this.#minMs;
    return this.startedAt + maxMs - agreed * (maxMs - this.#minMs);
  }
}
