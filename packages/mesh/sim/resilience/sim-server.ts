/** A simulated server: an event loop that reads calls, and handlers of one of two kinds. Those that wait need one of
 * WORKERS for a lognormal time, as with a pool of database connections; they stand in line for it, take it whatever
 * has become of their caller by then, and keep it to the end: that they do not look at their signal is the worst
 * case. Those that compute keep the event loop for as long.
 *
 * With admission it is a Goblin server: the production admission decides what comes in and when. Without, everything
 * comes in at once and waits in one unbounded queue. */
import { type Cancellation, GoblinError, type Priority } from '@goblin/core';
import type { Admission, AdmittedOutcome } from '../../src/admission/admission.ts';
import type { Announcement } from '../../src/peer.ts';
import type { Recorder } from './recorder.ts';
import { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

export const WORKERS = 8;
export const SERVICE_MS = 40;
const SERVICE_SIGMA = 0.6;
/** Calls per second that one server can answer. */
export const SERVER_CAPACITY: number = (WORKERS * 1_000) / SERVICE_MS;
/** Handlers that compute take as much less as they are one and not WORKERS. */
const COMPUTE_MS: number = SERVICE_MS / WORKERS;
/** Of the event loop: to read a call and refuse or answer it, which over the link takes 4 µs of an idle processor; and
 * to open a connection with TLS. */
const CALL_COST_MS = 0.02;
const CONNECT_COST_MS = 1;
const FAST_FAILURE_MS = 1;
/** A cold server takes so many times longer besides at first; each call that it has answered warms it. */
const COLD_SLOWNESS = 10;
const CALLS_TO_WARM = 50;

/** A call as it came in over the network. */
export interface ServedCall {
  readonly priority: Priority;
  readonly deadline: number;
  readonly cancellation: Cancellation;
  /** @param workedMs how much time of a worker went into it */
  answer(error: GoblinError | undefined, workedMs: number): void;
}

/** What handlers do most of the time. */
export type Handlers = 'wait' | 'compute';

/** Whether and when it fails every call: at once, or after it has worked on it. */
export type Failing = 'no' | 'at once' | 'after work';

export interface SimServerOptions {
  readonly world: World;
  readonly recorder: Recorder;
  readonly announcement: Announcement;
  readonly admission: ((process: SimProcess) => Admission) | undefined;
  readonly isCold: boolean;
  readonly handlers: Handlers;
}

export class SimServer extends SimProcess {
  announcement: Announcement;
  /** How many times longer everything takes. */
  slowness = 1;
  failing: Failing = 'no';
  /** It takes calls in and never answers them. */
  isHung = false;
  isDraining = false;
  /** Told when the process ends. */
  readonly onEnd: Set<() => void> = new Set();
  readonly #recorder: Recorder;
  readonly #admission: Admission | undefined;
  readonly #handlers: Handlers;
  readonly #queue: ((workedMs: number) => void)[] = [];
  /** What was worked on while it hung. */
  readonly #hanging: (() => void)[] = [];
  readonly #running = new Set<{ readonly since: number }>();
  #head = 0;
  #inside = 0;
  #coldness: number;

  constructor({ world, recorder, announcement, admission, isCold, handlers }: SimServerOptions) {
    super(world);
    this.announcement = announcement;
    this.#recorder = recorder;
    this.#handlers = handlers;
    this.#coldness = isCold ? COLD_SLOWNESS : 0;
    this.#admission = admission?.(this);
  }

  /** Calls taken in and not answered yet. */
  get inside(): number {
    return this.#inside;
  }

  /** How many calls it would work on at once. */
  get limit(): number {
    return this.#admission?.limit ?? WORKERS;
  }

  connect(connected: () => void): void {
    this.turn(CONNECT_COST_MS, connected);
  }

  receive(call: ServedCall): void {
    this.turn(CALL_COST_MS, () => {
      if (this.isDraining) return call.answer(notTaken(), 0);
      this.#inside++;
      this.#enter(call);
    });
  }

  /** Ends at once; what it worked on is lost. */
  end(): void {
    this.isAlive = false;
    for (const { since } of this.#running) this.#recorder.worked(this.world.now, this.world.now - since);
    for (const tell of this.onEnd) tell();
  }

  /** All workers go on with what they hung in. */
  unhang(): void {
    this.isHung = false;
    for (const work of this.#hanging.splice(0)) work();
  }

  #enter(call: ServedCall): void {
    const admission = this.#admission;
    const now = this.world.now;
    const waiting = admission?.tryEnter(call, now);
    if (!admission) this.#begin(call, () => {});
    else if (waiting === undefined) this.#admitted(admission, call);
    else if (waiting instanceof GoblinError) this.#answer(call, waiting, 0);
    else {
      this.world.settle();
      waiting.then(
        () => this.#admitted(admission, call),
        (error: GoblinError) => this.#answer(call, error, 0),
      );
    }
  }

  /** From now on it is the handler's. It counts as inside until it is answered or not wanted any more. */
  #admitted(admission: Admission, call: ServedCall): void {
    const enteredAt = this.world.now;
    let isInside = true;
    const leave = (outcome: AdmittedOutcome): void => {
      if (!isInside) return;
      isInside = false;
      this.world.settle();
      admission.leave(enteredAt, this.world.now, outcome);
    };
    if (call.deadline <= enteredAt) {
      leave('dropped');
      return this.#answer(call, tooLate(), 0);
    }
    call.cancellation.onCancel(() => leave('dropped'));
    this.#begin(call, leave);
  }

  #begin(call: ServedCall, leave: (outcome: AdmittedOutcome) => void): void {
    if (this.failing === 'at once') {
      this.clock.after(FAST_FAILURE_MS, () => {
        leave('failed');
        this.#answer(call, failure(), 0);
      });
      return;
    }
    const finish = (workedMs: number): void => {
      const error = this.failing === 'after work' ? failure() : undefined;
      leave(error ? 'failed' : 'ok');
      this.#answer(call, error, workedMs);
    };
    if (this.#handlers === 'compute') return this.#compute(finish);
    this.#queue.push(finish);
    this.#next();
  }

  #compute(finish: (workedMs: number) => void): void {
    const { world } = this;
    const takesMs = this.#takesMs(COMPUTE_MS);
    this.compute(takesMs, () => {
      this.#recorder.worked(world.now, takesMs);
      finish(takesMs);
    });
  }

  #takesMs(meanMs: number): number {
    return this.world.lognormal(meanMs, SERVICE_SIGMA) * this.slowness * (1 + this.#coldness);
  }

  #next(): void {
    while (this.#running.size < WORKERS && this.#head < this.#queue.length) {
      const finish = this.#queue[this.#head]!;
      this.#head++;
      if (this.#head === this.#queue.length) {
        this.#queue.length = 0;
        this.#head = 0;
      }
      this.#work(finish);
    }
  }

  #work(finish: (workedMs: number) => void): void {
    const { world } = this;
    const takesMs = this.#takesMs(SERVICE_MS);
    const running = { since: world.now };
    this.#running.add(running);
    const done = (): void => {
      if (this.isHung) return void this.#hanging.push(done);
      this.#running.delete(running);
      this.#coldness *= 1 - 1 / CALLS_TO_WARM;
      this.#recorder.worked(world.now, takesMs);
      finish(takesMs);
      this.#next();
    };
    this.clock.after(takesMs, done);
  }

  #answer(call: ServedCall, error: GoblinError | undefined, workedMs: number): void {
    this.#inside--;
    if (this.isAlive) call.answer(error, workedMs);
  }
}

function failure(): GoblinError {
  return new GoblinError('UNAVAILABLE', { message: 'what is below fails' });
}

function tooLate(): GoblinError {
  return new GoblinError('DEADLINE_EXCEEDED', { message: 'the deadline had passed before the work began' });
}

function notTaken(): GoblinError {
  return new GoblinError('UNAVAILABLE', {
    message: 'this instance is shutting down',
    data: { started: false },
  });
}
