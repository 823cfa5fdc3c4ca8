/** `goblin events ls`, `goblin events tail payments.settled --from 1h`, `goblin events parked`,
 * `goblin events retry 17 --group receipts`, `goblin events replay payments.settled --group receipts --from beginning` */
import { milliseconds } from '@goblin/core';
import { type Database, type EventView, listEventGroups, momentOf, tailEvents } from '@goblin/data';
import { type CommandContext, UsageError } from '../command.ts';
import { onSignals } from '../run/signals.ts';
import { projectDatabase } from '../services/project-database.ts';
import { coloursFor } from '../terminal/colours.ts';
import { columns } from '../terminal/text.ts';
import { duration, localTime } from '../terminal/when.ts';
import { discard, listParked, parkedSelection, replay, retry } from './events-parked.ts';

const WORDS = ['ls', 'tail', 'parked', 'retry', 'discard', 'replay'] as const;

export async function run(context: CommandContext): Promise<number | void> {
  const [word, ...rest] = context.positionals;
  const what = WORDS.find((known) => known === word);
  if (!what) throw new UsageError(`say what to do: goblin events ${WORDS.join(', ')}`);
  const takesIds = what === 'retry' || what === 'discard';
  if (!takesIds && rest.length > 1)
    throw new UsageError(`goblin events ${what} takes one type of events, not ${rest.length}`);
  const [type] = rest;
  const since = sinceOf(context.text('from'));
  const group = context.text('group');
  if (what === 'replay' && (type === undefined || group === undefined || since === undefined))
    throw new UsageError(
      'say what to replay: goblin events replay payments.settled --group receipts --from beginning',
    );
  const selection = parkedSelection(context, takesIds ? { ids: rest } : { type });
  if (takesIds && rest.length === 0 && !context.flag('all'))
    throw new UsageError(
      `say which events to ${what}: numbers, as goblin events parked shows them, or --all`,
    );
  await using db = await projectDatabase(await context.project(), context.io.env);
  switch (what) {
    case 'ls':
      return await list(context, db, type);
    case 'tail':
      return await tail(context, db, type, since);
    case 'parked':
      return await listParked(context, db, selection);
    case 'retry':
      return await retry(context, db, selection);
    case 'discard':
      return await discard(context, db, selection);
    case 'replay':
      return await replay(context, db, {
        type: type!,
        group: group!,
        from: since!.getTime() === 0 ? 'beginning' : since!,
        owner: selection.owner,
      });
  }
}

/** @throws UsageError, INVALID_INPUT */
function sinceOf(from: string | undefined): Date | undefined {
  if (from === undefined) return undefined;
  if (from === 'beginning') return new Date(0);
  if (/^[\d.]+[a-z]+$/.test(from)) return new Date(Date.now() - milliseconds(from));
  if (/^\d{4}-/.test(from)) return momentOf(from).at;
  throw new UsageError(
    `--from is beginning or a duration such as 1h, or a moment such as '2026-11-20 12:00', not ${JSON.stringify(from)}`,
  );
}

async function list(context: CommandContext, db: Database, type: string | undefined): Promise<void> {
  const groups = (await listEventGroups(db)).filter((group) => type === undefined || group.type === type);
  if (context.flag('json')) return context.printJson(groups);
  if (groups.length === 0) return context.print('nobody has subscribed to events');
  const { bold, dim, red, yellow } = coloursFor(context.io.stdout, context.io.env);
  const rows = groups.map(({ type, group, owner, lag, lagSeconds, parked }) => [
    bold(type),
    group,
    owner,
    lag > 0 ? yellow(String(lag)) : '0',
    duration(lagSeconds),
    parked > 0 ? red(String(parked)) : '0',
  ]);
  context.print(
    columns(
      [['TYPE', 'GROUP', 'SERVICE', 'BEHIND', 'FOR', 'PARKED'].map(dim), ...rows],
      ['left', 'left', 'left', 'right', 'right', 'right'],
    ),
  );
}

async function tail(
  context: CommandContext,
  db: Database,
  type: string | undefined,
  since: Date | undefined,
): Promise<void> {
  const stop = new AbortController();
  const offSignals = onSignals(() => stop.abort());
  const { bold, dim } = coloursFor(context.io.stdout, context.io.env);
  const line = ({ publishedAt, type: told, key, source, tenant, payload }: EventView): string =>
    [
      dim(localTime(publishedAt.toISOString())),
      bold(told),
      ...(key === null ? [] : [key]),
      dim(tenant === null ? source : `${source} for ${tenant}`),
      JSON.stringify(payload),
    ].join('  ');
  try {
    for await (const event of tailEvents(db, { type, since }, stop.signal))
      context.print(context.flag('json') ? JSON.stringify(event) : line(event));
  } finally {
    offSignals();
  }
}
