/** One piece of work on its way to being done: attempts one after the other, or waiting for a peer, until it
 * succeeds, may not be tried again, or is no longer wanted.
 *
 * An idempotent attempt that is slow is not given up but joined by another one on another peer (a hedge; Dean and
 * Barroso, "The Tail at Scale", 2013). That happens when it has not answered within what 95 % of the attempts with its
 * procedure take, for HEDGES_PER_CALL of the calls at most (target-record.ts); and otherwise after PATIENCE_MS, or
 * half of the time left where that is sooner: a hung peer then costs a delay and not the call, and a call that is
 * only slow still ends. The first answer wins and the others are cancelled. All this is within the same budget as
 * retries.
 *
 * No further attempt is begun when there is less time left than half of the answers of the procedure take. */
import {
  type CallContext,
  type CancelListener,
  Cancellation,
  type Clock,
  cancelledError,
  type DeadlineSweeper,
  deadlines,
  type Expiring,
  GoblinError,
  type Timer,
} from '@goblin/core';
import type { Directory } from '../discovery/directory.ts';
import type { Outcome, Target, Work } from '../dispatcher.ts';
import type { Peer } from '../peer.ts';
import { backoffMs } from './backoff.ts';
import type { AttemptOutcome, Balancer, Lease } from './balancer.ts';
import type { LatencyRecord } from './latency-record.ts';
import { explained, isRefusal, mayTryAgain, neverBegan, outcomeOf } from './retry-rule.ts';
import { hedgeAfterMs, type TargetRecord } from './target-record.ts';
import { waitForPeer } from './wait-for-peer.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** Attempts that may have begun the work. */
export const MAX_ATTEMPTS = 4;
/** Attempts altogether, those included that surely never began it. */
const MAX_TRIES = 16;
const PATIENCE_MS = 1_000;
const MIN_PATIENCE_MS = 50;
/** Called later than this, we stood still: answers may have come that were not read yet. */
const STALL_MS = 30;

/** What comes next for an attempt that has not answered. */
type Next = 'nothing' | 'hedge' | 'join';

const NONE: ReadonlySet<string> = new Set();
/** To those that still run when another attempt has settled the work. */
const UNWANTED = new GoblinError('CANCELED', { message: 'another attempt has settled it' });
const NOTHING: readonly never[] = [];

export interface DispatchParts {
  readonly directory: Directory;
  readonly balancer: Balancer;
  readonly room: WaitingRoom;
  readonly clock: Clock;
  readonly sweeper: DeadlineSweeper;
  readonly random: () => number;
}

/** One attempt with a peer. What comes of it comes once. */
class Attempt<T> implements Outcome<T> {
  readonly lease: Lease;
  /** Whether it was made beside one that was slow. */
  readonly isHedge: boolean;
  /** Its cancellation is of this attempt alone, but where something goes on after it was answered. */
  readonly values: CallContext;
  readonly #dispatch: Dispatch<T>;

  constructor(dispatch: Dispatch<T>, lease: Lease, isHedge: boolean, values: CallContext) {
    this.#dispatch = dispatch;
    this.lease = lease;
    this.isHedge = isHedge;
    this.values = values;
  }

  succeeded(value: T, at?: number): void {
    this.#dispatch.succeeded(this, value, at);
  }

  failed(error: unknown): void {
    this.#dispatch.failed(this, error);
  }
}

export class Dispatch<T> implements CancelListener, Expiring {
  readonly #parts: DispatchParts;
  readonly #record: TargetRecord;
  readonly #latency: LatencyRecord;
  readonly #target: Target;
  readonly #work: Work<T>;
  /** The caller's; each attempt has its own. */
  readonly #cancellation: Cancellation;
  #settled = false;
  #tried: Set<string> | undefined;
  /** How many attempts were made, and how many of them may have begun the work. */
  #tries = 0;
  #begun = 0;
  /** The attempts that run, the latest last. */
  #running: readonly Attempt<T>[] = NOTHING;
  #refusals = 0;
  #lastFailure: string | undefined;
  /** What the next look is for, unless the deadline has passed. */
  #nextLook: Next = 'nothing';
  #backoff: Timer | undefined;
  #stopWaiting: (() => void) | undefined;
  /** When it is to be looked at. */
  at: number;
  index = -1;

  constructor(parts: DispatchParts, record: TargetRecord, target: Target, work: Work<T>) {
    this.#parts = parts;
    this.#record = record;
    this.#latency = record.latencyOf(work.procedure);
    this.#target = target;
    this.#work = work;
    this.#cancellation = work.context.cancellation;
    this.at = work.context.deadline;
  }

  run(): void {
    const { clock } = this.#parts;
    const now = (clock === deadlines.clock ? this.#work.at : undefined) ?? clock.now();
    this.#record.budget.deposit(now);
    this.#cancellation.listen(this);
    if (this.#settled) return;
    if (this.#mayHedge) this.#record.saveForHedge();
    this.#next(now);
    if (!this.#settled && this.index < 0 && this.at !== Number.POSITIVE_INFINITY)
      this.#parts.sweeper.add(this);
  }

  /** The caller's context was cancelled. */
  cancelled(reason: unknown): void {
    const error = cancelledError(reason);
    this.#fail(error, error);
  }

  /** The deadline or the patience is over. */
  expire(): void {
    const now = this.#parts.clock.now();
    const { deadline } = this.#work.context;
    if (now >= deadline) return this.#tooLate();
    if (now - this.at > STALL_MS) return this.#lookAt(now);
    const next = this.#nextLook;
    this.#nextLook = 'nothing';
    this.#lookAt(deadline);
    if (next === 'nothing' || this.#join(now, next)) return;
    if (next === 'hedge') this.#lookAfter(this.#patienceMs(now), 'join', now);
  }

  /** Sees to it that `expire` is called then. */
  #lookAt(at: number): void {
    this.at = at;
    if (this.index < 0 && at !== Number.POSITIVE_INFINITY) this.#parts.sweeper.add(this);
  }

  /** Tries with a peer now, or waits for one. */
  #next(now: number): void {
    const lease = this.#pick(now);
    if (lease) this.#begin(lease, now);
    else if (this.#running.length === 0) this.#wait();
  }

  #pick(now: number): Lease | undefined {
    return this.#parts.balancer.pick(this.#target.candidates(), this.#tried ?? NONE, now);
  }

  #begin(lease: Lease, now: number): void {
    const { context, finished } = this.#work;
    const isHedge = this.#running.length > 0;
    const isFirst = this.#tries === 0;
    const values = isFirst ? context : { ...context };
    if (!finished) values.cancellation = new Cancellation();
    const attempt = new Attempt(this, lease, isHedge, values);
    if (this.#mayHedge) this.#watch(now, isHedge);
    this.#tries++;
    this.#begun++;
    this.#running = this.#running.length === 0 ? [attempt] : [...this.#running, attempt];
    this.#work.attempt(lease.peer, values, attempt);
  }

  succeeded(attempt: Attempt<T>, value: T, at: number | undefined): void {
    const { finished } = this.#work;
    const { clock } = this.#parts;
    const now = (clock === deadlines.clock ? at : undefined) ?? clock.now();
    if (!this.#settled) {
      attempt.lease.measured(now, this.#latency.medianMs);
      this.#latency.add(now - attempt.lease.beganAt);
    }
    if (this.#settled || !finished) this.#end(attempt, 'ok', now);
    else {
      const end = (): void => this.#end(attempt, 'ok');
      finished(value).then(end, end);
    }
    if (this.#settled) return;
    this.#remove(attempt);
    this.#settle();
    if (attempt.isHedge) this.#record.hedges.won.add();
    if (this.#running.length > 0) this.#cancelRunning(UNWANTED, attempt);
    this.#work.succeeded(value, clock === deadlines.clock ? now : at);
  }

  failed(attempt: Attempt<T>, error: unknown): void {
    const { clock, directory } = this.#parts;
    const { peer, beganAt } = attempt.lease;
    const now = clock.now();
    const outcome = outcomeOf(error, now - beganAt, this.#latency.p95Ms);
    this.#end(attempt, outcome, now, error);
    if (outcome === 'unreachable') directory.suspect(peer.instance, (error as GoblinError).message);
    if (this.#settled) return;
    this.#remove(attempt);
    if (attempt.isHedge) this.#record.hedges.lost.add();
    if (neverBegan(error)) this.#begun--;
    this.#tried ??= new Set();
    this.#tried.add(peer.instance);

    const again = mayTryAgain(error, this.#work.idempotent);
    if (again && this.#retry(error, now)) return;
    if (again && this.#running.length > 0) return;
    this.#fail(this.#explained(error, peer, now));
  }

  /** Makes another attempt, at once on a peer not yet tried, otherwise after a pause. False when it may not. */
  #retry(error: GoblinError, now: number): boolean {
    const { clock, random } = this.#parts;
    if (!this.#mayAttempt()) return false;
    const refused = isRefusal(error);
    if (refused && (++this.#refusals > 1 || !this.#untried())) return false;
    const atOnce = refused || (this.#tries === 1 && this.#untried());
    const pauseMs = atOnce ? 0 : backoffMs(this.#tries - 1, random);
    if (!this.#isTimeFor(now + pauseMs) || !this.#withdraw(error.code)) return false;
    this.#lastFailure = `${error.code}: ${error.message}`;
    if (pauseMs === 0) this.#next(now);
    else {
      this.#backoff?.cancel();
      this.#backoff = clock.after(pauseMs, () => {
        this.#backoff = undefined;
        this.#next(clock.now());
      });
    }
    return true;
  }

  /** Whether an attempt that begins then is likely to be answered in time. */
  #isTimeFor(at: number): boolean {
    const leftMs = this.#work.context.deadline - at;
    return leftMs > 0 && leftMs >= this.#latency.medianMs;
  }

  #withdraw(reason: string): boolean {
    if (!this.#record.budget.tryWithdraw()) {
      this.#record.exhausted.add();
      return false;
    }
    this.#record.retried(reason);
    return true;
  }

  #mayAttempt(): boolean {
    return this.#begun < MAX_ATTEMPTS && this.#tries < MAX_TRIES;
  }

  #untried(): boolean {
    return this.#target.candidates().some((peer) => !this.#tried?.has(peer.instance));
  }

  get #mayHedge(): boolean {
    return this.#work.idempotent && this.#work.finished === undefined;
  }

  /** Sees to it that an attempt that begins now is joined by another if it is slow. */
  #watch(now: number, isHedge: boolean): void {
    const patienceMs = this.#patienceMs(now);
    const hedgeMs = isHedge ? 0 : hedgeAfterMs(this.#latency);
    if (hedgeMs > 0 && hedgeMs < patienceMs) this.#lookAfter(hedgeMs, 'hedge', now);
    else this.#lookAfter(patienceMs, 'join', now);
  }

  #patienceMs(now: number): number {
    const leftMs = this.#work.context.deadline - now;
    return Math.min(Math.max(PATIENCE_MS, this.#latency.p95Ms), leftMs / 2);
  }

  #lookAfter(ms: number, next: Next, now: number): void {
    if (next === 'join' && ms < MIN_PATIENCE_MS) return;
    this.#nextLook = next;
    this.#lookAt(now + ms);
  }

  /** Puts another attempt beside those that have not answered. False when it may not. */
  #join(now: number, next: Next): boolean {
    if (this.#backoff || !this.#mayAttempt() || !this.#isTimeFor(now)) return false;
    this.#tried ??= new Set();
    for (const { lease } of this.#running) this.#tried.add(lease.peer.instance);
    if (!this.#untried() || (next === 'hedge' && !this.#record.takeHedge())) return false;
    const lease = this.#pick(now);
    if (!lease) return false;
    if (this.#tried.has(lease.peer.instance) || !this.#withdraw('SLOW')) {
      lease.end('unknown', now);
      return false;
    }
    this.#begin(lease, now);
    return true;
  }

  #wait(): void {
    this.#stopWaiting = waitForPeer(this.#parts, {
      target: this.#target.name,
      deadline: this.#work.context.deadline,
      attempts: this.#tries,
      lastFailure: this.#lastFailure,
      start: () => {
        const now = this.#parts.clock.now();
        const lease = this.#pick(now);
        if (!lease) return false;
        this.#begin(lease, now);
        return true;
      },
      fail: (error) => this.#fail(error),
    });
  }

  #end(attempt: Attempt<T>, outcome: AttemptOutcome, at?: number, error?: unknown): void {
    if (attempt === this.#running.at(-1)) this.#nextLook = 'nothing';
    if (attempt.lease.end(outcome, at, error)) this.#record.attempts[outcome].add();
  }

  #remove(attempt: Attempt<T>): void {
    this.#running = this.#running.length === 1 ? NOTHING : this.#running.filter((one) => one !== attempt);
  }

  #cancelRunning(reason: GoblinError, winner?: Attempt<T>): void {
    const now = this.#parts.clock.now();
    const running = this.#running;
    const isLate = reason.code === 'DEADLINE_EXCEEDED';
    this.#running = NOTHING;
    for (const attempt of running) {
      const { beganAt } = attempt.lease;
      const overtaken = winner !== undefined && winner.lease.beganAt > beganAt;
      const outcome = overtaken ? 'overtaken' : outcomeOf(reason, now - beganAt, this.#latency.p95Ms);
      if (outcome !== 'unknown') attempt.lease.measured(now, this.#latency.medianMs);
      if (overtaken || isLate) this.#latency.addUnanswered(now - beganAt);
      if (attempt.isHedge) this.#record.hedges.lost.add();
      this.#end(attempt, outcome, now, reason);
      if (!this.#work.finished) attempt.values.cancellation.cancel(reason);
    }
  }

  /** @param reason what ends those that still run: DEADLINE_EXCEEDED counts against them, CANCELED does not. */
  #fail(error: unknown, reason: GoblinError = UNWANTED): void {
    if (this.#settled) return;
    this.#settle();
    this.#cancelRunning(reason);
    this.#work.failed(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#parts.sweeper.remove(this);
    this.#cancellation.unlisten(this);
    this.#stopWaiting?.();
    this.#backoff?.cancel();
  }

  #explained(error: unknown, peer: Peer, now: number): unknown {
    return explained(error, {
      target: this.#target.name,
      peer,
      others: this.#running.map(({ lease }) => lease.peer).filter((other) => other !== peer),
      attempts: this.#tries,
      timeLeftMs: this.#work.context.deadline - now,
    });
  }

  #tooLate(): void {
    const { deadline } = this.#work.context;
    const [running] = this.#running;
    const failed = running ? undefined : this.#lastFailure;
    const before = failed === undefined ? '' : ` (attempt ${this.#tries} failed before: ${failed})`;
    const error = new GoblinError('DEADLINE_EXCEEDED', {
      message: `there was no answer in time${before}`,
      ...(!running && { data: { target: this.#target.name, attempts: this.#tries, timeLeftMs: 0 } }),
    });
    this.#fail(running ? this.#explained(error, running.lease.peer, deadline) : error, error);
  }
}
