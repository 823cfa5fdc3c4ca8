/** Sees to it that no suspicion is forgotten: at half its time the suspect is to be asked itself, at the end of it the
 * suspect is dead. One timer serves all. */
import type { Clock } from '@goblin/core';
import type { Member } from './member-table.ts';
import type { Later } from './punctual-timers.ts';
import { Suspicion } from './suspicion.ts';

/** Suspects whose time comes within so long are dealt with together. */
const STEP_MS = 100;

export interface SuspectsParts {
  readonly clock: Clock;
  readonly later: Later;
  /** Half of its time is over. */
  remind(member: Member): void;
  /** Its time is over. */
  expire(member: Member, suspicion: Suspicion): void;
}

export class Suspects {
  readonly #parts: SuspectsParts;
  readonly #members = new Map<Member, Suspicion>();
  #stopWatching = (): void => {};
  #watchedUntil = Number.POSITIVE_INFINITY;

  constructor(parts: SuspectsParts) {
    this.#parts = parts;
  }

  /** @param members how many there are, ourselves and the suspect included. */
  add(member: Member, accuser: number, members: number, probePeriodMs: number): void {
    const suspicion = new Suspicion(accuser, members, probePeriodMs, this.#parts.clock.now());
    this.#members.set(member, suspicion);
    this.#watch(suspicion.due);
  }

  /** Another one suspects it too. False when that is known, or enough do already. */
  confirm(member: Member, accuser: number): boolean {
    const suspicion = this.#members.get(member);
    if (!suspicion?.confirm(accuser)) return false;
    this.#watch(suspicion.due);
    return true;
  }

  delete(member: Member): void {
    this.#members.delete(member);
  }

  /** We stood still for so long: none could contradict meanwhile. */
  excuse(byMs: number): void {
    for (const suspicion of this.#members.values()) suspicion.startedAt += byMs;
    this.#watchEarliest();
  }

  /** Looks again at `due`, unless it does so before. */
  #watch(due: number): void {
    if (due >= this.#watchedUntil) return;
    const { clock, later } = this.#parts;
    this.#stopWatching();
    this.#watchedUntil = due;
    this.#stopWatching = later(Math.max(STEP_MS, due - clock.now()), () => this.#look());
  }

  #watchEarliest(): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { due } of this.#members.values()) earliest = Math.min(earliest, due);
    this.#stopWatching();
    this.#watchedUntil = Number.POSITIVE_INFINITY;
    this.#watch(earliest);
  }

  #look(): void {
    const now = this.#parts.clock.now();
    for (const [member, suspicion] of this.#members) {
      if (suspicion.due > now) continue;
      if (suspicion.deadline <= now) {
        this.#members.delete(member);
        this.#parts.expire(member, suspicion);
      } else {
        suspicion.reminded = true;
        this.#parts.remind(member);
      }
    }
    this.#watchEarliest();
  }
}
