/** `goblin events ls`, `goblin events tail payments.settled.v1 --from 1h` */
import { milliseconds } from '@goblin/core';
import { type Database, type EventView, tailEvents } from '@goblin/data';
import { dataProcedures } from '@goblin/data/procedures';
import { type CommandContext, UsageError } from '../command.ts';
import { onSignals } from '../run/signals.ts';
import { projectDatabase } from '../services/project-database.ts';
import { coloursFor } from '../terminal/colours.ts';
import { columns } from '../terminal/text.ts';
import { duration, localTime } from '../terminal/when.ts';

export async function run(context: CommandContext): Promise<void> {
  const [what, type, ...more] = context.positionals;
  if ((what !== 'ls' && what !== 'tail') || more.length > 0)
    throw new UsageError('say what to do: goblin events ls, or goblin events tail [type]');
  const since = sinceOf(context.text('from'));
  await using db = await projectDatabase(await context.project(), context.io.env);
  await (what === 'ls' ? list(context, db, type) : tail(context, db, type, since));
}

/** @throws UsageError */
function sinceOf(from: string | undefined): Date | undefined {
  if (from === undefined) return undefined;
  if (from === 'beginning') return new Date(0);
  if (/^[\d.]+[a-z]+$/.test(from)) return new Date(Date.now() - milliseconds(from));
  throw new UsageError(`--from is beginning or a duration such as 1h, not ${JSON.stringify(from)}`);
}

async function list(context: CommandContext, db: Database, type: string | undefined): Promise<void> {
  const all = await dataProcedures(db).listEventGroups({});
  const groups = all.filter((group) => type === undefined || group.type === type);
  if (context.flag('json')) return context.printJson(groups);
  if (groups.length === 0) return context.print('nobody has subscribed to events');
  const { bold, dim, yellow } = coloursFor(context.io.stdout, context.io.env);
  const rows = groups.map(({ type, group, owner, lag, lagSeconds }) => [
    bold(type),
    group,
    owner,
    lag > 0 ? yellow(String(lag)) : '0',
    duration(lagSeconds),
  ]);
  context.print(
    columns(
      [['TYPE', 'GROUP', 'SERVICE', 'BEHIND', 'FOR'].map(dim), ...rows],
      ['left', 'left', 'left', 'right', 'right'],
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
  const line = ({ publishedAt, type: told, source, tenant, payload }: EventView): string =>
    [
      dim(localTime(publishedAt.toISOString())),
      bold(told),
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
