/** The parts of `goblin events` that change something: parked events and replays. */
import {
  type Database,
  discardParkedEvents,
  listParkedEvents,
  type ParkedFilter,
  type ReplayOptions,
  replayEvents,
  retryParkedEvents,
} from '@goblin/data';
import { type CommandContext, UsageError } from '../command.ts';
import { wholeNumber } from '../services/audit-filter.ts';
import { coloursFor } from '../terminal/colours.ts';
import { columns } from '../terminal/text.ts';
import { localTime } from '../terminal/when.ts';

/** @throws UsageError */
export function parkedSelection(
  context: CommandContext,
  { type, ids = [] }: { readonly type?: string | undefined; readonly ids?: readonly string[] },
): ParkedFilter {
  return {
    owner: context.text('service'),
    group: context.text('group'),
    type,
    ids: ids.length > 0 ? ids.map(eventId) : undefined,
  };
}

function eventId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(
    `an event is named by its number, as goblin events parked shows it, not ${JSON.stringify(text)}`,
  );
}

export async function listParked(
  context: CommandContext,
  db: Database,
  selection: ParkedFilter,
): Promise<void> {
  const page = { limit: wholeNumber(context, 'limit'), after: wholeNumber(context, 'after') };
  const parked = await listParkedEvents(db, selection, page);
  if (context.flag('json')) return context.printJson(parked);
  if (parked.length === 0) return context.print('no event is parked');
  const { bold, dim, red } = coloursFor(context.io.stdout, context.io.env);
  const rows = parked.map(({ id, type, group, owner, key, state, attempts, parkedAt, error }) => [
    String(id),
    bold(type),
    group,
    owner,
    key ?? '',
    state === 'failed' ? red(state) : state,
    String(attempts),
    localTime(parkedAt.toISOString()),
    error ? `${error.code}: ${error.message}` : '',
  ]);
  const head = ['ID', 'TYPE', 'GROUP', 'SERVICE', 'KEY', 'STATE', 'TRIED', 'PARKED', 'WHY'].map(dim);
  context.print(columns([head, ...rows]));
}

export async function retry(context: CommandContext, db: Database, selection: ParkedFilter): Promise<number> {
  return said(context, await retryParkedEvents(db, selection), 'will be tried again');
}

export async function discard(
  context: CommandContext,
  db: Database,
  selection: ParkedFilter,
): Promise<number> {
  return said(context, await discardParkedEvents(db, selection), 'discarded');
}

function said(context: CommandContext, count: number, what: string): number {
  if (context.flag('json')) context.printJson({ count });
  else context.print(`${count} ${count === 1 ? 'event' : 'events'} ${what}`);
  return count === 0 ? 1 : 0;
}

export async function replay(context: CommandContext, db: Database, options: ReplayOptions): Promise<void> {
  await replayEvents(db, options);
  const { type, group, from } = options;
  if (context.flag('json')) return context.printJson({ type, group, from });
  const since = from === 'beginning' ? 'all that are kept' : `those since ${localTime(from.toISOString())}`;
  context.print(`${group} handles events of ${type} again: ${since}`);
}
