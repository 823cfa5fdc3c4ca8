/** Admission control: decides for each call that comes in whether it may begin now, waits a little, or is refused, so
 * that a process that is asked for ten times what it can do still does what it can. One per process, for all
 * ways in. What it promises:
 *
 * - No more calls run at once than go well: the limit finds itself (concurrency-limit.ts).
 * - What is beyond waits in a short, bounded line (waiting-line.ts); what waits too long, and what comes while the event
 *   loop is late (loop-watch.ts), is refused before any work was begun for it, and says so: `data.started` is false.
 * - `critical` calls pass the limit by CRITICAL_RESERVE and are never refused for the loop; `batch` leaves a share of the
 *   limit to the others, waits behind them and is refused first.
 *
 * It costs a few comparisons per call while there is room, and a tick each TICK_MS while calls come in; when none has
 * come for IDLE_MS, nothing. */
import type { Cancellation, Clock, Logger, Metrics, Priority, Timer } from '@goblin/core';
import { GoblinError, isGoblinError } from '@goblin/core';
import { createComplaints } from '../discovery/complaints.ts';
import { AdmissionMetrics } from './admission-metrics.ts';
import { ConcurrencyLimit, type LimitBounds } from './concurrency-limit.ts';
import { LoopWatch } from './loop-watch.ts';
import { type RefusalReason, TICK_MS } from './overload.ts';
import type { Pace } from './pace.ts';
import { Refusals } from './refusals.ts';
import { WaitingLine } from './waiting-line.ts';

/** What is known of a call before it begins; a call's context will do. */
export interface Asked {
  readonly priority: Priority;
  /** On the monotonic clock. */
  readonly deadline: number;
  readonly cancellation: Cancellation;
}

/** How work ended. `failed` says nothing about how long it takes; `dropped` was given up by its deadline or its caller,
 * so it would have taken longer than it did. */
export type AdmittedOutcome = 'ok' | 'failed' | 'dropped';

/** What an error says of the work that ended by it. */
export function admittedOutcome(error: unknown): AdmittedOutcome {
  return isGoblinError(error, 'DEADLINE_EXCEEDED') || isGoblinError(error, 'CANCELED') ? 'dropped' : 'failed';
}

export interface Admission extends Disposable {
  /** May it begin? undefined: now. Otherwise a promise that resolves, with the time, when it may begin, and rejects with
   * RESOURCE_EXHAUSTED (`data.started` false, `data.retryAfterMs`), CANCELED or DEADLINE_EXCEEDED.
   * @param now on the monotonic clock; a reading some calls old will do.
   * @param pace of its kind of work; all without are of one kind. */
  enter(asked: Asked, now: number, pace?: Pace): undefined | Promise<number>;
  /** The same, but who is refused at once gets the error without a promise. */
  tryEnter(asked: Asked, now: number, pace?: Pace): undefined | GoblinError | Promise<number>;
  /** Once for each that entered. What was answered at once (`now` is `enteredAt`) says nothing about how long calls take.
   * @param enteredAt the `now` that it entered with, or what it was told when it had waited.
   * @param pace the one it entered with. */
  leave(enteredAt: number, now: number, outcome: AdmittedOutcome, pace?: Pace): void;
  /** For one kind of work, such as a procedure. */
  pace(): Pace;
  /** How many may run at once now. */
  readonly limit: number;
  readonly inFlight: number;
  readonly queued: number;
}

export interface AdmissionLimits extends LimitBounds {
  /** The limit is never lower. Default 8. */
  readonly minLimit: number;
  /** Before anything is known. Default 256. */
  readonly initialLimit: number;
  /** The limit is never higher. Default 16,384. */
  readonly maxLimit: number;
  /** How many calls may wait. Default 1,024. */
  readonly maxQueued: number;
}

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly limits?: Partial<AdmissionLimits>;
  /** From 0 up to 1; spreads when the refused may come back. Default Math.random. */
  readonly random?: () => number;
}

export const DEFAULT_ADMISSION_LIMITS: AdmissionLimits = {
  minLimit: 8,
  initialLimit: 256,
  maxLimit: 16_384,
  maxQueued: 1_024,
};

/** What `critical` calls may run beyond the limit. */
const CRITICAL_RESERVE = 32;
/** The share of the limit that `batch` may take up. */
const BATCH_SHARE = 0.75;
const IDLE_MS = 1_000;

/** @example
 * const waiting = admission.enter(context.current, now);
 * if (waiting) await waiting;
 * try { … } finally { admission.leave(enteredAt, now, 'ok'); } */
export function createAdmission(options: AdmissionOptions): Admission {
  return new ProcessAdmission(options);
}

class ProcessAdmission implements Admission {
  readonly #clock: Clock;
  readonly #limit: ConcurrencyLimit;
  readonly #line: WaitingLine;
  readonly #loop = new LoopWatch();
  readonly #refusals: Refusals;
  readonly #metrics: AdmissionMetrics;
  readonly #complaints: ReturnType<typeof createComplaints>;
  readonly #anyPace: Pace;
  #inFlight = 0;
  #ticking: Timer | undefined;
  #usedAt = 0;

  constructor({ clock, metrics, log, limits, random = Math.random }: AdmissionOptions) {
    const { maxQueued, ...bounds } = { ...DEFAULT_ADMISSION_LIMITS, ...limits };
    this.#clock = clock;
    this.#limit = new ConcurrencyLimit(bounds);
    this.#anyPace = this.#limit.pace();
    this.#refusals = new Refusals(random);
    this.#metrics = new AdmissionMetrics(metrics, this);
    this.#complaints = createComplaints(clock, log, 'admission');
    this.#line = new WaitingLine({
      maxLength: maxQueued,
      refusal: () => this.#refusals.error('waited'),
      onLeave: ({ asked, pace, since }, waitedMs, reason) => {
        if (reason !== 'canceled') this.#metrics.waits.record(waitedMs / 1_000);
        if (reason === undefined) this.#begin(pace, since + waitedMs);
        else this.#metrics.refused(asked.priority, reason);
        if (reason === 'waited') this.#complain(reason);
      },
    });
  }

  get limit(): number {
    return this.#limit.value;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#line.size;
  }

  pace(): Pace {
    return this.#limit.pace();
  }

  enter(asked: Asked, now: number, pace?: Pace): undefined | Promise<number> {
    const answer = this.tryEnter(asked, now, pace);
    return answer instanceof GoblinError ? Promise.reject(answer) : answer;
  }

  tryEnter(asked: Asked, now: number, pace: Pace = this.#anyPace): undefined | GoblinError | Promise<number> {
    const { priority, deadline } = asked;
    if (
      priority !== 'user' ||
      this.#inFlight >= this.#limit.value ||
      now > this.#loop.begunUntil ||
      deadline <= now
    )
      return this.#enterAnyhow(asked, now, pace);
    this.#loop.seen(now);
    this.#begin(pace, now);
    return undefined;
  }

  leave(enteredAt: number, now: number, outcome: AdmittedOutcome, pace: Pace = this.#anyPace): void {
    this.#inFlight--;
    if (now === enteredAt || outcome === 'failed') this.#limit.leaveUntold(enteredAt);
    else this.#limit.leave(pace, enteredAt, now, outcome === 'dropped');
    if (this.#line.size > 0) this.#letIn(now);
  }

  [Symbol.dispose](): void {
    this.#ticking?.cancel();
    this.#ticking = undefined;
    this.#metrics[Symbol.dispose]();
    this.#complaints.close();
  }

  #begin(pace: Pace, now: number): void {
    this.#inFlight++;
    this.#limit.enter(pace, now, this.#inFlight);
  }

  /** The way of what is not quite usual. */
  #enterAnyhow(asked: Asked, now: number, pace: Pace): undefined | GoblinError | Promise<number> {
    this.#used(now);
    const { priority, deadline } = asked;
    if (deadline <= now) return this.#tooLate(priority);
    if (!this.#loopAllows(priority, now)) return this.#refuse(priority, 'loop_late');
    this.#loop.seen(now);
    if (this.#inFlight < this.#room(priority)) {
      this.#begin(pace, now);
      return undefined;
    }
    this.#limit.isShort = true;
    if (this.#line.isFull() || this.#isLongEnough(now)) return this.#refuse(priority, 'queue_full');
    return this.#line.join(asked, pace, now);
  }

  #loopAllows(priority: Priority, now: number): boolean {
    if (now > this.#loop.begunUntil && !this.#loop.mayBegin(now)) return priority === 'critical';
    return priority !== 'batch' || this.#loop.mayBeginBatch(now);
  }

  /** How many may run for one more of this priority to begin. */
  #room(priority: Priority): number {
    const limit = this.#limit.value;
    if (priority === 'user') return limit;
    return priority === 'critical' ? limit + CRITICAL_RESERVE : Math.floor(limit * BATCH_SHARE);
  }

  /** In a line that does not empty nobody waits longer than it takes the running ones to end, so no more need to. */
  #isLongEnough(now: number): boolean {
    return this.#line.size >= this.#limit.value && this.#line.isStanding(now);
  }

  #letIn(now: number): void {
    while (this.#inFlight < this.#limit.value) {
      if (!this.#line.letIn(now, this.#inFlight < this.#room('batch'))) return;
    }
  }

  #refuse(priority: Priority, reason: RefusalReason): GoblinError {
    this.#metrics.refused(priority, reason);
    this.#complain(reason);
    return this.#refusals.error(reason);
  }

  #tooLate(priority: Priority): GoblinError {
    this.#metrics.refused(priority, 'deadline');
    const message = 'the deadline had passed before the work began';
    return new GoblinError('DEADLINE_EXCEEDED', { message });
  }

  #complain(reason: RefusalReason): void {
    const { limit, inFlight, queued } = this;
    this.#complaints.about('overloaded, calls are refused', { reason, limit, inFlight, queued });
  }

  #used(now: number): void {
    this.#usedAt = now;
    if (this.#ticking) return;
    this.#loop.start(now);
    this.#ticking = this.#clock.every(TICK_MS, () => this.#tick(this.#clock.now()));
  }

  #tick(now: number): void {
    this.#loop.tick(now);
    this.#refusals.tick();
    this.#line.tick(now);
    this.#limit.tick(now, this.#loop.isOverloaded);
    if (this.#line.size > 0) this.#letIn(now);
    else if (now - this.#usedAt > IDLE_MS) {
      this.#ticking?.cancel();
      this.#ticking = undefined;
    }
  }
}
