/** Those who wait until they may begin: `critical` before `user` before `batch`, no more than `maxLength` of them, none
 * longer than CoDel allows. While the line empties again and again the one who has waited longest is next. Where it has
 * not been empty for INTERVAL_MS, more comes in than goes out, and whoever has waited long will not be served in time
 * anyway: then the one who came last is next (adaptive LIFO), and nobody waits longer than TARGET_MS. Those who wait too
 * long, whose deadline passes or whose caller leaves are sent away before any work was begun for them, by one look at
 * all of them in each tick rather than by a timer for each. */
import { type CancelListener, cancelledError, GoblinError, type Priority } from '@goblin/core';
import type { Asked } from './admission.ts';
import { type GivenUpReason, INTERVAL_MS, TARGET_MS } from './overload.ts';
import type { Pace } from './pace.ts';

export interface WaitingLineOptions {
  readonly maxLength: number;
  /** The error for who waited too long. */
  refusal(priority: Priority, now: number): GoblinError;
  /** Told of everybody who leaves the line: with a reason if without having begun. */
  onLeave(waiting: Waiting, waitedMs: number, reason: GivenUpReason | undefined): void;
}

const MESSAGE = 'the deadline passed before the work began';

/** One who waits. */
export class Waiting implements CancelListener {
  readonly promise: Promise<number>;
  readonly asked: Asked;
  readonly pace: Pace;
  readonly since: number;
  isOver = false;
  readonly #line: WaitingLine;
  #resolve!: (now: number) => void;
  #reject!: (error: unknown) => void;

  constructor(line: WaitingLine, asked: Asked, pace: Pace, since: number) {
    this.#line = line;
    this.asked = asked;
    this.pace = pace;
    this.since = since;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  cancelled(reason: unknown): void {
    this.#line.leave(this, this.since, 'canceled', cancelledError(reason));
  }

  settle(now: number, error: GoblinError | undefined): void {
    this.isOver = true;
    this.asked.cancellation.unlisten(this);
    if (error) this.#reject(error);
    else this.#resolve(now);
  }
}

export class WaitingLine {
  readonly #options: WaitingLineOptions;
  /** The oldest first; who has left stays until the next tick. */
  readonly #lines: Readonly<Record<Priority, Waiting[]>> = { critical: [], user: [], batch: [] };
  #size = 0;
  /** When it was last empty because all had begun, and not because all were sent away. */
  #emptyAt = 0;
  #sentAwayAt = Number.NEGATIVE_INFINITY;

  constructor(options: WaitingLineOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** It has not been empty for long. */
  isStanding(now: number): boolean {
    return this.#size > 0 && now - this.#emptyAt > INTERVAL_MS;
  }

  isFull(): boolean {
    const { critical, user, batch } = this.#lines;
    return critical.length + user.length + batch.length >= this.#options.maxLength;
  }

  /** Resolves with the time when it may begin; rejects with what `refusal` says, with CANCELED or with DEADLINE_EXCEEDED. */
  join(asked: Asked, pace: Pace, now: number): Promise<number> {
    this.#lookEmpty(now);
    const waiting = new Waiting(this, asked, pace, now);
    this.#size++;
    this.#lines[asked.priority].push(waiting);
    asked.cancellation.listen(waiting);
    return waiting.promise;
  }

  /** Lets the next one begin. Whether there was one. */
  letIn(now: number, withBatch: boolean): boolean {
    const { critical, user, batch } = this.#lines;
    const waiting =
      this.#next(critical, now) ?? this.#next(user, now) ?? (withBatch ? this.#next(batch, now) : undefined);
    if (waiting) this.leave(waiting, now, undefined, undefined);
    return waiting !== undefined;
  }

  tick(now: number): void {
    this.#lookEmpty(now);
    const { critical, user, batch } = this.#lines;
    for (const line of [critical, user, batch]) {
      if (line.length === 0) continue;
      for (const waiting of line) this.#mayStay(waiting, now);
      const left = line.filter(({ isOver }) => !isOver);
      line.length = 0;
      line.push(...left);
    }
  }

  leave(
    waiting: Waiting,
    now: number,
    reason: GivenUpReason | undefined,
    error: GoblinError | undefined,
  ): void {
    if (waiting.isOver) return;
    this.#size--;
    if (reason === 'waited') this.#sentAwayAt = now;
    else this.#lookEmpty(now);
    waiting.settle(now, error);
    this.#options.onLeave(waiting, now - waiting.since, reason);
  }

  #lookEmpty(now: number): void {
    if (this.#size === 0 && now - this.#sentAwayAt > INTERVAL_MS) this.#emptyAt = now;
  }

  #next(line: Waiting[], now: number): Waiting | undefined {
    const isStanding = this.isStanding(now);
    while (line.length > 0) {
      const waiting = isStanding ? line.pop()! : line.shift()!;
      if (this.#mayStay(waiting, now)) return waiting;
    }
    return undefined;
  }

  /** Whether it still waits; if it may not any longer, it is sent away. */
  #mayStay(waiting: Waiting, now: number): boolean {
    if (waiting.isOver) return false;
    const { priority, deadline } = waiting.asked;
    if (deadline <= now) {
      this.leave(waiting, now, 'deadline', new GoblinError('DEADLINE_EXCEEDED', { message: MESSAGE }));
      return false;
    }
    if (now - waiting.since <= (this.isStanding(now) ? TARGET_MS : INTERVAL_MS)) return true;
    this.leave(waiting, now, 'waited', this.#options.refusal(priority, now));
    return false;
  }
}
