/** Whether the event loop keeps up. Handlers that compute rather than wait are never many at once: the calls that they
 * hold up wait in sockets, where nobody sees them. What can be seen is that a timer comes late. Where three ticks
 * in a row came more than HARMLESS_MS late, the loop is overloaded, and in each of its turns work may begin for about
 * that long; everything beyond is refused, which costs little. Some calls of each turn always begin. A single stall,
 * such as a pause for garbage collection, refuses nobody: what gathered meanwhile is worked off. */
import { HARMLESS_MS, TICK_MS } from './overload.ts';

const LATE_TICKS = 3;
/** The longest turn of a loop that is not overloaded. */
const CALM_MS = 250;
const PRESSED_MS: number = HARMLESS_MS + TICK_MS;
/** One piece of work that took longer than this is a stall, which those after it are not blamed for: once per turn. */
const STALL_MS = 50;
/** So many calls of a turn begin however long they take. */
const CALLS_PER_TURN = 8;
/** No call has come since the last tick. */
const NONE = Number.NEGATIVE_INFINITY;

export class LoopWatch {
  /** Work of a turn may begin until then. Before the first call of a turn: never. */
  begunUntil: number = NONE;
  #dueAt = 0;
  #turnAt: number = NONE;
  #seenAt: number = NONE;
  #seen = 0;
  #lateTicks = 0;
  #isForgiven = false;

  /** It has been late for long. */
  get isOverloaded(): boolean {
    return this.#lateTicks >= LATE_TICKS;
  }

  /** Ticks begin, the first one TICK_MS from now. */
  start(now: number): void {
    this.#lateTicks = 0;
    this.#endTurn(now);
  }

  tick(now: number): void {
    this.#lateTicks = now - this.#dueAt > HARMLESS_MS ? this.#lateTicks + 1 : 0;
    this.#endTurn(now);
  }

  /** To be asked where `now` is past `begunUntil`: whether work may begin all the same. */
  mayBegin(now: number): boolean {
    if (this.#turnAt === NONE) {
      this.#beginTurn(now);
      return true;
    }
    if (this.#seen < CALLS_PER_TURN) return true;
    if (this.isOverloaded || this.#isForgiven || now - this.#seenAt <= STALL_MS) return false;
    this.#isForgiven = true;
    this.#beginTurn(now);
    return true;
  }

  /** For what can be done later: not when the loop is late at all. */
  mayBeginBatch(now: number): boolean {
    return !this.isOverloaded && now - this.#turnAt <= PRESSED_MS;
  }

  /** Work is about to begin. */
  seen(now: number): void {
    this.#seenAt = now;
    this.#seen++;
  }

  #beginTurn(now: number): void {
    this.#turnAt = now;
    this.begunUntil = now + (this.isOverloaded ? PRESSED_MS : CALM_MS);
  }

  #endTurn(now: number): void {
    this.#dueAt = now + TICK_MS;
    this.#turnAt = NONE;
    this.begunUntil = NONE;
    this.#seen = 0;
    this.#isForgiven = false;
  }
}
