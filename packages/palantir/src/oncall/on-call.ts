/** Who is on call, and what happens when they do not answer. A page that nobody acknowledges within the rota's `escalateAfter` is told
 * to the next person in line too, then to the one after, until each was told once. What is due stands in the state database, so a
 * restart neither forgets a step nor takes it twice; one that was due meanwhile is taken at once. So is what waits while there is no
 * rota: settings may be wrong for a while. */
import { type Clock, context, type Logger } from '@goblin/core';
import { createBell } from '../notify/bell.ts';
import type { StateDatabase } from '../state/state-database.ts';
import { escalateAfterMs, nextInLine, type Shift, shiftAt, shiftsFrom } from './rota.ts';
import type { Person, RotaSettings } from './rota-settings.ts';

/** The longest wait between looks at what is due. */
const LOOK_MS = 60_000;
const RETRY_MS = 5_000;

const STEPS = [
  `CREATE TABLE escalation (incident INTEGER PRIMARY KEY, told TEXT NOT NULL, due_ms INTEGER NOT NULL) STRICT;
  CREATE INDEX escalation_due ON escalation (due_ms)`,
];

/** Tells a person, in the transaction that remembers that they were told. */
export type Escalate = (incident: number, person: Person) => void;

export interface OnCall {
  /** Undefined where there is no rota. */
  whoIsOnCall(atMs: number): Shift | undefined;
  upcoming(atMs: number, count: number): readonly Shift[];
  configure(rota: RotaSettings | undefined): void;
  /** The clock of an incident runs from now on. Within the transaction of the caller. @returns who is to be told first */
  begin(incident: number, atMs: number): Person | undefined;
  /** Somebody has it, or it is over. Within the transaction of the caller. */
  end(incident: number): void;
  /** Takes the steps that are due until it is aborted. Never rejects. */
  run(escalate: Escalate, signal: AbortSignal): Promise<void>;
}

export interface OnCallOptions {
  readonly state: StateDatabase;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rota?: RotaSettings;
}

export function createOnCall({ state, clock, log, rota: given }: OnCallOptions): OnCall {
  state.migrate('oncall', STEPS);
  const { db } = state;
  const begin = db.prepare('INSERT OR REPLACE INTO escalation (incident, told, due_ms) VALUES (?, ?, ?)');
  const end = db.prepare('DELETE FROM escalation WHERE incident = ?');
  const due = db.prepare('SELECT * FROM escalation WHERE due_ms <= ? ORDER BY due_ms, incident LIMIT 1');
  const next = db.prepare('SELECT min(due_ms) AS due_ms FROM escalation');
  const bell = createBell(clock);
  let rota = given;

  /** @returns whether there was one */
  function takeStep(escalate: Escalate): boolean {
    return state.transaction(() => {
      const nowMs = clock.wall();
      const row = due.get(nowMs);
      if (!row || !rota) return false;
      const incident = Number(row.incident);
      const told = JSON.parse(String(row.told)) as string[];
      const person = nextInLine(rota, nowMs, told);
      if (!person) {
        end.run(incident);
        return true;
      }
      escalate(incident, person);
      begin.run(incident, JSON.stringify([...told, person.name]), Math.round(nowMs + escalateAfterMs(rota)));
      return true;
    });
  }

  async function run(escalate: Escalate, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        while (takeStep(escalate));
        const dueMs = next.get()!.due_ms;
        const waitMs = dueMs === null || !rota ? LOOK_MS : Number(dueMs) - clock.wall();
        await bell.wait(Math.min(waitMs, LOOK_MS), signal);
      } catch (err) {
        log.error({ err }, 'a step of escalation failed; it is tried again');
        await bell.wait(RETRY_MS, signal);
      }
    }
  }

  return {
    whoIsOnCall: (atMs) => rota && shiftAt(rota, atMs),
    upcoming: (atMs, count) => (rota ? shiftsFrom(rota, atMs, count) : []),
    configure(changed) {
      rota = changed;
      bell.ring();
    },
    begin(incident, atMs) {
      if (!rota) return undefined;
      const { person } = shiftAt(rota, atMs);
      begin.run(incident, JSON.stringify([person.name]), Math.round(atMs + escalateAfterMs(rota)));
      bell.ring();
      return person;
    },
    end: (incident) => void end.run(incident),
    run: (escalate, signal) => context.detach(() => run(escalate, signal)),
  };
}
