/** What people do about an incident. Each is written into its timeline with who did it, and told to those who were told of it. */
import { type Clock, GoblinError } from '@goblin/core';
import type { IncidentSummary } from '../live/wall-state.ts';
import type { OnCall } from '../oncall/on-call.ts';
import type { StateDatabase } from '../state/state-database.ts';
import type { IncidentRow, IncidentTable } from './incident-table.ts';
import type { Teller } from './teller.ts';
import { rowOf, type Views } from './views.ts';

export const MAX_NAME = 100;
export const MAX_NOTE = 4_000;

/** All throw NOT_FOUND, and INVALID_INPUT for a name or text that is empty or too long. */
export interface PeoplesActions {
  /** Somebody has it: nobody else is woken. @throws FAILED_PRECONDITION when it is resolved, as `assign` */
  acknowledge(id: number, by: string): IncidentSummary;
  /** Hands it over. */
  assign(id: number, to: string, by: string): IncidentSummary;
  /** Also when it is resolved. */
  note(id: number, text: string, by: string): IncidentSummary;
  /** By hand. Does nothing when it is resolved already. */
  resolve(id: number, by: string): IncidentSummary;
}

export interface ActionsOptions {
  readonly state: StateDatabase;
  readonly clock: Clock;
  readonly table: IncidentTable;
  readonly tell: Teller;
  readonly close: (id: number, atMs: number, by: string) => void;
  readonly views: Pick<Views, 'summary'>;
  readonly onCall?: Pick<OnCall, 'end'>;
}

export function createPeoplesActions(options: ActionsOptions): PeoplesActions {
  const { state, clock, table, tell, close, views, onCall } = options;

  function acting(id: number, act: (row: IncidentRow, atMs: number) => void): IncidentSummary {
    return state.transaction(() => {
      act(rowOf(table, id), clock.wall());
      return views.summary(rowOf(table, id));
    });
  }

  function take(row: IncidentRow, owner: string, atMs: number): void {
    if (row.state === 'resolved')
      throw new GoblinError('FAILED_PRECONDITION', { message: `incident ${row.id} is resolved` });
    const acknowledgedMs = row.acknowledgedMs ?? Math.round(atMs);
    table.save({ ...row, state: 'acknowledged', owner, acknowledgedMs });
    onCall?.end(row.id);
  }

  return {
    acknowledge: (id, by) =>
      acting(id, (row, atMs) => {
        checkText('by', by, MAX_NAME);
        if (row.state === 'acknowledged' && row.owner === by) return;
        take(row, by, atMs);
        table.note(id, { atMs, kind: 'acknowledged', text: `${by} has it`, by });
        tell(id, { reason: 'acknowledged', atMs, by });
      }),
    assign: (id, to, by) =>
      acting(id, (row, atMs) => {
        checkText('by', by, MAX_NAME);
        checkText('to', to, MAX_NAME);
        take(row, to, atMs);
        const text = `handed over to ${to}`;
        table.note(id, { atMs, kind: 'assigned', text, by });
        tell(id, { reason: 'assigned', atMs, by, text });
      }),
    note: (id, text, by) =>
      acting(id, (_row, atMs) => {
        checkText('by', by, MAX_NAME);
        checkText('text', text, MAX_NOTE);
        table.note(id, { atMs, kind: 'noted', text, by });
        tell(id, { reason: 'noted', atMs, by, text });
      }),
    resolve: (id, by) =>
      acting(id, (_row, atMs) => {
        checkText('by', by, MAX_NAME);
        close(id, atMs, by);
      }),
  };
}

function checkText(field: string, text: unknown, max: number): void {
  if (typeof text === 'string' && text.trim() !== '' && text.length <= max) return;
  throw new GoblinError('INVALID_INPUT', { message: `${field}: write a text of 1 to ${max} characters` });
}
