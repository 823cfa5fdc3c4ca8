/** One piece of work on its way to being done: attempts one after the other, or waiting for a peer, until it
 * succeeds, may not be tried again, or is no longer wanted.
 *
 * An idempotent attempt that has not answered after half the time left (PATIENCE_MS at most) is not given up but
 * joined by another one on another peer, within the same budget and limit: a hung peer then costs a delay and not
 * the call, and a call that is only slow still ends. The first answer wins; the others are cancelled, and who was
 * overtaken counts as failed. */
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
import { backoffMs } from './backoff.ts';
import type { AttemptOutcome, Balancer, Lease } from './balancer.ts';
import { explained, mayTryAgain, neverBegan, outcomeOf } from './retry-rule.ts';
import type { TargetRecord } from './target-record.ts';
import { waitForPeer } from './wait-for-peer.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** Attempts that may have begun the work. */
export const MAX_ATTEMPTS = 4;
/** Attempts altogether, those included that surely never began it. */
const MAX_TRIES = 16;
const PATIENCE_MS = 1_000;
const MIN_PATIENCE_MS = 50;

const NONE: ReadonlySet<string> = new Set();
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
  readonly beganAt: number;
  /** Its cancellation is of this attempt alone, but where something goes on after it was answered. */
  readonly values: CallContext;
  readonly #dispatch: Dispatch<T>;

  constructor(dispatch: Dispatch<T>, lease: Lease, beganAt: number, values: CallContext) {
    this.#dispatch = dispatch;
    this.lease = lease;
    this.beganAt = beganAt;
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
  /** Whether the next look is for the end of the patience with the latest attempt. */
  #isPatient = false;
  #backoff: Timer | undefined;
  #stopWaiting: (() => void) | undefined;
  /** When it is to be looked at. */
  at: number;
  index = -1;

  constructor(parts: DispatchParts, record: TargetRecord, target: Target, work: Work<T>) {
    this.#parts = parts;
    this.#record = record;
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
    this.#next(now);
    if (!this.#settled && this.index < 0 && this.at !== Number.POSITIVE_INFINITY)
      this.#parts.sweeper.add(this);
  }

  /** The caller's context was cancelled. */
  cancelled(reason: unknown): void {
    this.#fail(cancelledError(reason));
  }

  /** The deadline or the patience is over. */
  expire(): void {
    const now = this.#parts.clock.now();
    const { deadline } = this.#work.context;
    if (now >= deadline) return this.#fail(this.#tooLate());
    this.#lookAt(deadline);
    if (!this.#isPatient) return;
    this.#isPatient = false;
    this.#join(now);
  }

  /** Sees to it that `expire` is called then. */
  #lookAt(at: number): void {
    this.at = at;
    if (this.index < 0 && at !== Number.POSITIVE_INFINITY) this.#parts.sweeper.add(this);
  }

  /** Tries with a peer now, or waits for one. */
  #next(now: number): void {
    const lease = this.#pick();
    if (lease) this.#begin(lease, now);
    else if (this.#running.length === 0) this.#wait();
  }

  #pick(): Lease | undefined {
    return this.#parts.balancer.pick(this.#target.candidates(), this.#tried ?? NONE);
  }

  #begin(lease: Lease, now: number): void {
    const { context, finished, idempotent } = this.#work;
    const isFirst = this.#tries === 0;
    const values = isFirst ? context : { ...context };
    if (!finished) values.cancellation = new Cancellation();
    const attempt = new Attempt(this, lease, now, values);
    if (idempotent && !finished) this.#bePatient(now);
    this.#tries++;
    this.#begun++;
    this.#running = this.#running.length === 0 ? [attempt] : [...this.#running, attempt];
    this.#work.attempt(lease.peer, values, attempt);
  }

  succeeded(attempt: Attempt<T>, value: T, at: number | undefined): void {
    const { finished } = this.#work;
    if (this.#settled || !finished) this.#end(attempt, 'ok');
    else {
      const end = (): void => this.#end(attempt, 'ok');
      finished(value).then(end, end);
    }
    if (this.#settled) return;
    this.#remove(attempt);
    this.#settle();
    if (this.#running.length > 0)
      this.#cancelRunning(
        new GoblinError('CANCELED', { message: 'another attempt answered first' }),
        attempt,
      );
    this.#work.succeeded(value, at);
  }

  failed(attempt: Attempt<T>, error: unknown): void {
    const { clock, directory } = this.#parts;
    const { peer } = attempt.lease;
    const outcome = outcomeOf(error, clock.now() - attempt.beganAt);
    this.#end(attempt, outcome);
    if (outcome === 'unreachable') directory.suspect(peer.instance, (error as GoblinError).message);
    if (this.#settled) return;
    this.#remove(attempt);
    if (neverBegan(error)) this.#begun--;
    this.#tried ??= new Set();
    this.#tried.add(peer.instance);

    const again = mayTryAgain(error, this.#work.idempotent);
    if (again && this.#retry(error)) return;
    if (again && this.#running.length > 0) return;
    this.#fail(explained(error, this.#target.name, peer, this.#tries, this.#timeLeftMs()));
  }

  /** Makes another attempt, at once on a peer not yet tried, otherwise after a pause. False when it may not. */
  #retry(error: GoblinError): boolean {
    const { clock, random } = this.#parts;
    if (!this.#mayAttempt()) return false;
    const first = this.#tries === 1 && this.#untried();
    const pauseMs = first ? 0 : backoffMs(this.#tries - 1, random);
    if (pauseMs >= this.#timeLeftMs() || !this.#withdraw(error.code)) return false;
    if (pauseMs === 0) this.#next(clock.now());
    else {
      this.#backoff?.cancel();
      this.#backoff = clock.after(pauseMs, () => {
        this.#backoff = undefined;
        this.#next(clock.now());
      });
    }
    return true;
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

  #bePatient(now: number): void {
    const patienceMs = Math.min(PATIENCE_MS, (this.#work.context.deadline - now) / 2);
    if (patienceMs < MIN_PATIENCE_MS) return;
    this.#isPatient = true;
    this.#lookAt(now + patienceMs);
  }

  /** Puts another attempt beside those that have not answered. */
  #join(now: number): void {
    if (this.#backoff || !this.#mayAttempt()) return;
    this.#tried ??= new Set();
    for (const { lease } of this.#running) this.#tried.add(lease.peer.instance);
    if (!this.#untried()) return;
    const lease = this.#pick();
    if (!lease) return;
    if (this.#tried.has(lease.peer.instance) || !this.#withdraw('SLOW')) lease.end('unknown');
    else this.#begin(lease, now);
  }

  #wait(): void {
    this.#stopWaiting = waitForPeer(this.#parts, {
      target: this.#target.name,
      deadline: this.#work.context.deadline,
      attempts: this.#tries,
      start: () => {
        const lease = this.#pick();
        if (!lease) return false;
        this.#begin(lease, this.#parts.clock.now());
        return true;
      },
      fail: (error) => this.#fail(error),
    });
  }

  #end(attempt: Attempt<T>, outcome: AttemptOutcome): void {
    if (attempt === this.#running.at(-1)) this.#isPatient = false;
    if (attempt.lease.end(outcome)) this.#record.attempts[outcome].add();
  }

  #remove(attempt: Attempt<T>): void {
    this.#running = this.#running.length === 1 ? NOTHING : this.#running.filter((one) => one !== attempt);
  }

  #cancelRunning(reason: GoblinError, winner?: Attempt<T>): void {
    const now = this.#parts.clock.now();
    const running = this.#running;
    this.#running = NOTHING;
    for (const attempt of running) {
      const overtaken = winner !== undefined && winner.beganAt > attempt.beganAt;
      this.#end(attempt, overtaken ? 'failed' : outcomeOf(reason, now - attempt.beganAt));
      if (!this.#work.finished) attempt.values.cancellation.cancel(reason);
    }
  }

  #fail(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    const reason = error instanceof GoblinError ? error : new GoblinError('CANCELED', { cause: error });
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

  #timeLeftMs(): number {
    return this.#work.context.deadline - this.#parts.clock.now();
  }

  #tooLate(): unknown {
    const error = new GoblinError('DEADLINE_EXCEEDED', { message: 'there was no answer in time' });
    const [running] = this.#running;
    return running ? explained(error, this.#target.name, running.lease.peer, this.#tries, 0) : error;
  }
}
