/** `goblin tasks`, `goblin tasks ls --state dead`, `goblin tasks show 17`, `goblin tasks retry --kind payments.settle`,
 * `goblin tasks cancel 17`, `goblin tasks tail` */
import { dataProcedures } from '@goblin/data/procedures';
import { type CommandContext, UsageError } from '../command.ts';
import { wholeNumber } from '../services/audit-filter.ts';
import { projectDatabase } from '../services/project-database.ts';
import { type TaskSelection, taskId, taskSelection } from '../services/task-filter.ts';
import { coloursFor } from '../terminal/colours.ts';
import { aboutTask, colouredState, taskRow } from '../terminal/task-row.ts';
import { columns } from '../terminal/text.ts';
import { duration, localTime } from '../terminal/when.ts';
import { tail } from './tasks-tail.ts';

type Procedures = ReturnType<typeof dataProcedures>;

export async function run(context: CommandContext): Promise<number | void> {
  const [what, ...ids] = context.positionals;
  const takesIds = what === 'retry' || what === 'cancel';
  if (what === 'show' ? ids.length !== 1 : ids.length > 0 && !takesIds)
    throw new UsageError('name one task: goblin tasks show 17');
  const selection = taskSelection(context, takesIds ? ids : []);
  if (takesIds && Object.keys(selection).length === 0 && !context.flag('all'))
    throw new UsageError(`say which tasks to ${what}: numbers, filters such as --kind, or --all`);
  const id = what === 'show' ? taskId(ids[0]!) : undefined;
  if (what !== undefined && !takesIds && !['ls', 'show', 'tail'].includes(what))
    throw new UsageError(
      'say what to do: goblin tasks ls, show, retry, cancel or tail; without it, queues are shown',
    );
  await using db = await projectDatabase(await context.project(), context.io.env);
  const data = dataProcedures(db);
  switch (what) {
    case undefined:
      return await queues(context, data, selection);
    case 'ls':
      return await list(context, data, selection);
    case 'show':
      return await show(context, data, id!);
    case 'tail':
      return await tail(context, data, selection);
    default:
      return await change(context, data, what as 'retry' | 'cancel', selection);
  }
}

async function queues(context: CommandContext, data: Procedures, selection: TaskSelection): Promise<void> {
  const counts = await data.countTasks(selection);
  if (context.flag('json')) return context.printJson(counts);
  if (counts.length === 0) return context.print('there are no tasks');
  const { bold, dim, red, yellow } = coloursFor(context.io.stdout, context.io.env);
  const head = [
    'KIND',
    'SERVICE',
    'READY',
    'RUNNING',
    'DELAYED',
    'WAITING',
    'DEAD',
    'OLDEST',
    'DONE/MIN',
  ].map(dim);
  const rows = counts.map((count) => [
    bold(count.kind),
    count.owner,
    count.ready > 0 ? yellow(String(count.ready)) : '0',
    String(count.running),
    String(count.delayed),
    String(count.waiting),
    count.dead > 0 ? red(String(count.dead)) : '0',
    duration(count.oldestSeconds),
    String(count.finishedLastMinute),
  ]);
  context.print(columns([head, ...rows], ['left', 'left', ...Array<'right'>(7).fill('right')]));
}

async function list(context: CommandContext, data: Procedures, selection: TaskSelection): Promise<void> {
  const limit = wholeNumber(context, 'limit');
  const after = wholeNumber(context, 'after');
  const tasks = await data.listTasks({
    ...selection,
    ...(limit !== undefined && { limit }),
    ...(after !== undefined && { after }),
  });
  if (context.flag('json')) return context.printJson(tasks);
  if (tasks.length === 0) return context.print('no task matches');
  const colours = coloursFor(context.io.stdout, context.io.env);
  const head = ['ID', 'KIND', 'KEY', 'STATE', 'ATTEMPT', 'DUE', 'WHAT'].map(colours.dim);
  context.print(columns([head, ...tasks.map((task) => taskRow(task, colours))]));
}

async function show(context: CommandContext, data: Procedures, id: number): Promise<void> {
  const task = await data.showTask({ id });
  if (context.flag('json')) return context.printJson(task);
  const colours = coloursFor(context.io.stdout, context.io.env);
  const time = (iso: string | null): string => (iso === null ? '' : localTime(iso));
  const facts: [string, string][] = [
    ['task', `${task.id}  ${task.kind}`],
    ['key', task.key ?? ''],
    ['service', task.owner],
    ['state', colouredState(task.state, colours)],
    ['about', aboutTask({ ...task, error: null })],
    ['attempt', String(task.attempt)],
    ['enqueued', time(task.enqueuedAt)],
    [task.state === 'running' ? 'leased until' : 'due', time(task.dueAt)],
    ['worker', task.worker ?? ''],
    ['lane', task.lane],
    ['priority', String(task.priority)],
    ['tenant', task.tenant ?? ''],
    ['parent', task.parent === null ? '' : String(task.parent)],
    ['failed', time(task.failedAt)],
    ['error', task.error ? colours.red(`${task.error.code}: ${task.error.message}`) : ''],
    ['input', JSON.stringify(task.input)],
    ...task.steps.map(({ name, result }): [string, string] => [name, JSON.stringify(result)]),
  ];
  context.print(
    columns(facts.filter(([, fact]) => fact !== '').map(([name, fact]) => [colours.dim(name), fact])),
  );
}

async function change(
  context: CommandContext,
  data: Procedures,
  what: 'retry' | 'cancel',
  selection: TaskSelection,
): Promise<number> {
  const { count } = await (what === 'retry' ? data.retryTasks(selection) : data.cancelTasks(selection));
  if (context.flag('json')) context.printJson({ count });
  else {
    const tasks = `${count} ${count === 1 ? 'task' : 'tasks'}`;
    context.print(what === 'retry' ? `${tasks} will be tried again` : `${tasks} canceled`);
  }
  return count === 0 ? 1 : 0;
}
