/** How well a route does, and whether it is tried. The share of its attempts that were not its own failure is averaged with more
 * weight on the newer ones (EWMA). Below MIN_HEALTH the breaker opens: the route rests, then one mail tries it; if that
 * fails it rests twice as long. Each process judges for itself. */
import type { Clock } from '@goblin/core';

/** Weight of the newest attempt. From full health, four failures in a row open the breaker. */
const WEIGHT = 0.2;
const MIN_HEALTH = 0.5;
/** What a route that came back begins with: two failures open the breaker again. */
const HEALTH_AFTER_REST = 0.75;
const FIRST_REST_MS = 5_000;
const MAX_REST_MS = 300_000;

export class RouteHealth {
  readonly #clock: Clock;
  #health = 1;
  #restMs = FIRST_REST_MS;
  /** Undefined while the breaker is closed. */
  #restsUntilMs: number | undefined;
  #probing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From 0 to 1. */
  get value(): number {
    return this.#health;
  }

  get open(): boolean {
    return this.#restsUntilMs !== undefined;
  }

  /** How much longer it rests; 0 when it is to be tried again, undefined while the breaker is closed. */
  get restMs(): number | undefined {
    return this.#restsUntilMs === undefined ? undefined : Math.max(0, this.#restsUntilMs - this.#clock.now());
  }

  /** Whether a mail may try it now. True for an open route means that this mail is the one that tries it: `count` or
   * `giveBack` must follow. */
  admit(): boolean {
    if (this.#restsUntilMs === undefined) return true;
    if (this.#probing || this.#clock.now() < this.#restsUntilMs) return false;
    this.#probing = true;
    return true;
  }

  /** The attempt that was admitted did not come to try the route. */
  giveBack(): void {
    this.#probing = false;
  }

  count(failed: boolean): void {
    const wasProbe = this.#probing;
    this.#probing = false;
    if (wasProbe && !failed) {
      this.#restsUntilMs = undefined;
      this.#restMs = FIRST_REST_MS;
      this.#health = HEALTH_AFTER_REST;
      return;
    }
    this.#health += WEIGHT * ((failed ? 0 : 1) - this.#health);
    if (wasProbe) this.#rest(Math.min(this.#restMs * 2, MAX_REST_MS));
    else if (!this.open && this.#health < MIN_HEALTH) this.#rest(this.#restMs);
  }

  #rest(restMs: number): void {
    this.#restMs = restMs;
    this.#restsUntilMs = this.#clock.now() + restMs;
  }
}
