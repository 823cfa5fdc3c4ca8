/** How long a suspect has to contradict before it counts as dead, after Lifeguard (arXiv 1707.00788): long while
 * only one member suspects it, because that one may be wrong, and shorter with each that agrees. */

/** Members that must agree, besides the first, for the shortest time. */
const CONFIRMATIONS = 3;
const MIN_MS = 2_000;
/** Probe periods, times the decimal logarithm of the members: the time news of it and its answer need. */
const PERIODS = 1.5;
const MAX_TIMES_MIN = 6;

export class Suspicion {
  /** Since when, monotonic ms. */
  startedAt: number;
  /** Whether the suspect was asked itself once more, as it is at half time. */
  reminded = false;
  readonly #accusers: number[];
  readonly #minMs: number;
  readonly #needed: number;
  #timeMs: number;

  /** @param members how many there are, ourselves and the suspect included. */
  constructor(accuser: number, members: number, probePeriodMs: number, now: number) {
    this.startedAt = now;
    this.#accusers = [accuser];
    this.#minMs = Math.max(MIN_MS, PERIODS * Math.log10(members) * probePeriodMs);
    this.#needed = Math.max(0, Math.min(CONFIRMATIONS, members - 3));
    this.#timeMs = this.#needed === 0 ? this.#minMs : MAX_TIMES_MIN * this.#minMs;
  }

  /** How many members suspect it. */
  get accusers(): number {
    return this.#accusers.length;
  }

  /** Another one agrees. False when that is known, or enough do already. */
  confirm(accuser: number): boolean {
    if (this.#accusers.length > this.#needed || this.#accusers.includes(accuser)) return false;
    this.#accusers.push(accuser);
    const agreed = Math.log(this.#accusers.length) / Math.log(this.#needed + 1);
    this.#timeMs = this.#minMs * (MAX_TIMES_MIN - agreed * (MAX_TIMES_MIN - 1));
    return true;
  }

  /** When something is to be done about it next. */
  get due(): number {
    return this.reminded ? this.deadline : (this.startedAt + this.deadline) / 2;
  }

  /** When its time is up. */
  get deadline(): number {
    return this.startedAt + this.#timeMs;
  }
}
