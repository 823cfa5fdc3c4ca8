/** One piece of work on its way to being done: attempts one after the other, or waiting for a peer, until it
 * succeeds, may not be tried again, or is no longer wanted.
 *
 * An idempotent attempt that has not answered after half the time left (PATIENCE_MS at most) is not given up but
 * joined by another one on another peer, within the same budget and limit: a hung peer then costs a delay and not
 * the call, and a call that is only slow still ends. The first answer wins; the others are cancelled, and who was
 * overtaken counts as failed. */
import {
  Cancellation,
  type Clock,
  type ContextValues,
  cancelledError,
  context,
  type DeadlineSweeper,
  GoblinError,
  type Timer,
} from '@goblin/core';
import type { Directory } from '../discovery/directory.ts';
import type { DispatchOptions, Target } from '../dispatcher.ts';
import type { Peer } from '../peer.ts';
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

export interface DispatchParts {
  readonly directory: Directory;
  readonly balancer: Balancer;
  readonly room: WaitingRoom;
  readonly clock: Clock;
  readonly sweeper: DeadlineSweeper;
  readonly random: () => number;
}

interface Attempt {
  readonly lease: Lease;
  readonly beganAt: number;
  /** Of this attempt alone; where it cannot be joined by another, the caller's serves. */
  readonly cancellation: Cancellation | undefined;
  readonly stopPatience: (() => void) | undefined;
}

export class Dispatch<T> {
  readonly #parts: DispatchParts;
  readonly #record: TargetRecord;
  readonly #target: Target;
  readonly #options: DispatchOptions<T>;
  readonly #attempt: (peer: Peer) => Promise<T>;
  readonly #caller: ContextValues;
  readonly #promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #settled = false;
  #tried: Set<string> | undefined;
  /** How many attempts were made, and how many of them may have begun the work. */
  #tries = 0;
  #begun = 0;
  readonly #running = new Set<Attempt>();
  #backoff: Timer | undefined;
  #stopWaiting: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;
  #stopListening: (() => void) | undefined;

  constructor(
    parts: DispatchParts,
    record: TargetRecord,
    target: Target,
    options: DispatchOptions<T>,
    attempt: (peer: Peer) => Promise<T>,
  ) {
    this.#parts = parts;
    this.#record = record;
    this.#target = target;
    this.#options = options;
    this.#attempt = attempt;
    this.#caller = context.current;
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  run(): Promise<T> {
    const { deadline, cancellation } = this.#caller;
    this.#record.budget.deposit();
    this.#stopListening = cancellation.onCancel((reason) => this.#fail(cancelledError(reason)));
    if (this.#settled) return this.#promise;
    if (deadline !== Number.POSITIVE_INFINITY) {
      this.#stopWatching = this.#parts.sweeper.watch(deadline, () => this.#fail(this.#tooLate()));
    }
    this.#next();
    return this.#promise;
  }

  /** Tries with a peer now, or waits for one. */
  #next(): void {
    const lease = this.#pick();
    if (lease) this.#begin(lease);
    else if (this.#running.size === 0) this.#wait();
  }

  #pick(): Lease | undefined {
    return this.#parts.balancer.pick(this.#target.candidates(), this.#tried ?? NONE);
  }

  #begin(lease: Lease): void {
    const joinable = this.#options.idempotent && !this.#options.finished;
    const attempt: Attempt = {
      lease,
      beganAt: this.#parts.clock.now(),
      cancellation: joinable ? new Cancellation() : undefined,
      stopPatience: joinable ? this.#watchPatience() : undefined,
    };
    this.#tries++;
    this.#begun++;
    this.#running.add(attempt);
    const values = attempt.cancellation
      ? { ...this.#caller, cancellation: attempt.cancellation }
      : this.#caller;
    let answer: Promise<T>;
    try {
      answer = context.enter(values, () => this.#attempt(lease.peer));
    } catch (error) {
      answer = Promise.reject(error);
    }
    answer.then(
      (value) => this.#succeeded(attempt, value),
      (error) => this.#failed(attempt, error),
    );
  }

  #succeeded(attempt: Attempt, value: T): void {
    const { finished } = this.#options;
    const end = (): void => this.#end(attempt, 'ok');
    if (this.#settled || !finished) end();
    else finished(value).then(end, end);
    if (this.#settled) return;
    this.#running.delete(attempt);
    this.#settle();
    if (this.#running.size > 0)
      this.#cancelRunning(
        new GoblinError('CANCELED', { message: 'another attempt answered first' }),
        attempt,
      );
    this.#resolve(value);
  }

  #failed(attempt: Attempt, error: unknown): void {
    const { clock, directory } = this.#parts;
    const { peer } = attempt.lease;
    const outcome = outcomeOf(error, clock.now() - attempt.beganAt);
    this.#end(attempt, outcome);
    if (outcome === 'unreachable') directory.suspect(peer.instance, (error as GoblinError).message);
    if (this.#settled) return;
    this.#running.delete(attempt);
    if (neverBegan(error)) this.#begun--;
    this.#tried ??= new Set();
    this.#tried.add(peer.instance);

    const again = mayTryAgain(error, this.#options.idempotent);
    if (again && this.#retry(error)) return;
    if (again && this.#running.size > 0) return;
    this.#fail(explained(error, this.#target.name, peer, this.#tries, this.#timeLeftMs()));
  }

  /** Makes another attempt, at once on a peer not yet tried, otherwise after a pause. False when it may not. */
  #retry(error: GoblinError): boolean {
    if (!this.#mayAttempt()) return false;
    const first = this.#tries === 1 && this.#untried();
    const pauseMs = first ? 0 : backoffMs(this.#tries - 1, this.#parts.random);
    if (pauseMs >= this.#timeLeftMs() || !this.#withdraw(error.code)) return false;
    if (pauseMs === 0) this.#next();
    else {
      this.#backoff?.cancel();
      this.#backoff = this.#parts.clock.after(pauseMs, () => {
        this.#backoff = undefined;
        this.#next();
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

  #watchPatience(): (() => void) | undefined {
    const patienceMs = Math.min(PATIENCE_MS, this.#timeLeftMs() / 2);
    if (patienceMs < MIN_PATIENCE_MS) return undefined;
    return this.#parts.sweeper.watch(this.#parts.clock.now() + patienceMs, () => this.#join());
  }

  /** Puts another attempt beside those that have not answered. */
  #join(): void {
    if (this.#settled || this.#backoff || !this.#mayAttempt()) return;
    this.#tried ??= new Set();
    for (const { lease } of this.#running) this.#tried.add(lease.peer.instance);
    if (!this.#untried()) return;
    const lease = this.#pick();
    if (!lease) return;
    if (this.#tried.has(lease.peer.instance) || !this.#withdraw('SLOW')) lease.end('unknown');
    else this.#begin(lease);
  }

  #wait(): void {
    this.#stopWaiting = waitForPeer(this.#parts, {
      target: this.#target.name,
      deadline: this.#caller.deadline,
      attempts: this.#tries,
      start: () => {
        const lease = this.#pick();
        if (lease) this.#begin(lease);
        return lease !== undefined;
      },
      fail: (error) => this.#fail(error),
    });
  }

  #end(attempt: Attempt, outcome: AttemptOutcome): void {
    attempt.stopPatience?.();
    if (attempt.lease.end(outcome)) this.#record.attempts[outcome].add();
  }

  #cancelRunning(reason: GoblinError, winner?: Attempt): void {
    const now = this.#parts.clock.now();
    for (const attempt of this.#running) {
      const overtaken = winner !== undefined && winner.beganAt > attempt.beganAt;
      this.#end(attempt, overtaken ? 'failed' : outcomeOf(reason, now - attempt.beganAt));
      attempt.cancellation?.cancel(reason);
    }
    this.#running.clear();
  }

  #fail(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    const reason = error instanceof GoblinError ? error : new GoblinError('CANCELED', { cause: error });
    this.#cancelRunning(reason);
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#stopWatching?.();
    this.#stopListening?.();
    this.#stopWaiting?.();
    this.#backoff?.cancel();
  }

  #timeLeftMs(): number {
    return this.#caller.deadline - this.#parts.clock.now();
  }

  #tooLate(): unknown {
    const error = new GoblinError('DEADLINE_EXCEEDED', { message: 'there was no answer in time' });
    const [running] = this.#running;
    return running ? explained(error, this.#target.name, running.lease.peer, this.#tries, 0) : error;
  }
}
