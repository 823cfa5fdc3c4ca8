/** Who is on call at a moment, as a pure function of the rota. People take turns of a day or a week, handed over when the clocks of the
 * zone show the time for it: a turn in which the clocks change is an hour shorter or longer, and a hand-over at a time that is
 * shown twice happens once. Before the first turn it goes round backwards, so that somebody always has it. */
import { milliseconds } from '@goblin/core';
import type { Person, RotaSettings } from './rota-settings.ts';
import { DAY_MS, MINUTE_MS, momentOf, wallTime } from './wall-time.ts';

const DEFAULT_ESCALATE_MS = 300_000;

export interface Shift {
  readonly person: Person;
  readonly fromMs: number;
  /** When somebody else may have it: the next hand-over, or where an override begins or ends. */
  readonly untilMs: number;
  readonly isOverride: boolean;
}

export function shiftAt(rota: RotaSettings, atMs: number): Shift {
  const turn = turnAt(rota, atMs);
  const overrides = (rota.overrides ?? []).map(({ person, from, until }) => ({
    person: personOf(rota, person),
    fromMs: Date.parse(from),
    untilMs: Date.parse(until),
  }));
  const holding = overrides.findLast(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
  const borders = [
    turn.fromMs,
    turn.untilMs,
    ...overrides.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]),
  ];
  return {
    person: holding?.person ?? turn.person,
    fromMs: Math.max(...borders.filter((ms) => ms <= atMs)),
    untilMs: Math.min(...borders.filter((ms) => ms > atMs)),
    isOverride: holding !== undefined,
  };
}

/** The shifts from a moment on. */
export function shiftsFrom(rota: RotaSettings, atMs: number, count: number): Shift[] {
  const shifts: Shift[] = [];
  for (let fromMs = atMs; shifts.length < count; fromMs = shifts.at(-1)!.untilMs)
    shifts.push(shiftAt(rota, fromMs));
  return shifts;
}

/** Who is told next of a page that nobody acknowledges: in the order of turns after who has the turn; undefined when all were told. */
export function nextInLine(rota: RotaSettings, atMs: number, told: readonly string[]): Person | undefined {
  const { people } = rota;
  const at = people.indexOf(turnAt(rota, atMs).person);
  const line = [...people.slice(at), ...people.slice(0, at)];
  return line.find(({ name }) => !told.includes(name));
}

export function escalateAfterMs({ escalateAfter }: RotaSettings): number {
  return escalateAfter === undefined ? DEFAULT_ESCALATE_MS : milliseconds(escalateAfter);
}

function turnAt(rota: RotaSettings, atMs: number): Omit<Shift, 'isOverride'> {
  const { zone, people, start, at, rotation } = rota;
  const days = rotation === 'weekly' ? 7 : 1;
  const [hour = 0, minute = 0] = at.split(':').map(Number);
  const firstMs = Date.parse(`${start}T00:00:00Z`) + (hour * 60 + minute) * MINUTE_MS;
  const beginOf = (turn: number): number => momentOf(firstMs + turn * days * DAY_MS, zone);
  let turn = Math.floor((wallTime(atMs, zone) - firstMs) / (days * DAY_MS));
  // Where the clocks are set back they show times before a hand-over once more.
  while (beginOf(turn + 1) <= atMs) turn++;
  while (beginOf(turn) > atMs) turn--;
  const index = ((turn % people.length) + people.length) % people.length;
  return { person: people[index]!, fromMs: beginOf(turn), untilMs: beginOf(turn + 1) };
}

function personOf({ people }: RotaSettings, name: string): Person {
  return people.find((person) => person.name === name) ?? { name };
}
