/** `goblin incident` */
import type { Incident, IncidentSummary } from '@goblin/palantir';
import { type CommandContext, UsageError } from '../command.ts';
import { type PalantirClient, palantirClient } from '../services/palantir-client.ts';
import { type Colours, coloursFor } from '../terminal/colours.ts';
import { columns } from '../terminal/text.ts';
import { duration, localTime } from '../terminal/when.ts';
import { whoOf } from './alerts.ts';

const ACTIONS: Readonly<Record<string, { path: string; takes?: 'text' | 'to'; said: string }>> = {
  ack: { path: 'acknowledge', said: 'is acknowledged' },
  assign: { path: 'assign', takes: 'to', said: 'is handed over' },
  note: { path: 'note', takes: 'text', said: 'has the note' },
  resolve: { path: 'resolve', said: 'is resolved' },
};

export async function run(context: CommandContext): Promise<void> {
  const [word = 'ls', id, ...rest] = context.positionals;
  const colours = coloursFor(context.io.stdout, context.io.env);
  if (word === 'ls') return list(await palantirClient(context), context, colours);
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (!action && word !== 'show' && word !== 'report')
    throw new UsageError(
      `${JSON.stringify(word)} is none of ls, show, report, ${Object.keys(ACTIONS).join(', ')}`,
    );
  if (id === undefined || !/^\d+$/.test(id))
    throw new UsageError(`name the incident by its number: goblin incident ${word} 7`);
  const path = `/palantir/incidents/${id}`;
  if (word === 'show') return show(await palantirClient(context), context, colours, path);
  if (word === 'report') {
    context.io.stdout.write(await (await palantirClient(context)).text(`${path}/report`));
    return;
  }
  const text = rest.join(' ');
  if (action!.takes && text === '')
    throw new UsageError(
      action!.takes === 'to'
        ? `say who gets it: goblin incident assign ${id} ada`
        : 'write the note in quotes',
    );
  const body = { by: whoOf(context), ...(action!.takes && { [action!.takes]: text }) };
  await (await palantirClient(context)).post(`${path}/${action!.path}`, body);
  context.print(`incident ${id} ${action!.said}`);
}

async function list(palantir: PalantirClient, context: CommandContext, colours: Colours): Promise<void> {
  const all = await palantir.get<IncidentSummary[]>('/palantir/incidents');
  if (context.flag('json')) return context.printJson(all);
  if (all.length === 0) return context.print(colours.green('no incidents'));
  const nowMs = Date.now();
  context.print(
    columns(
      all.map(({ id, state, title, services, openedAtMs, resolvedAtMs, owner }) => [
        colours.bold(String(id)),
        stateOf(state, colours),
        localTime(new Date(openedAtMs).toISOString()),
        colours.dim(duration(((resolvedAtMs ?? nowMs) - openedAtMs) / 1_000)),
        owner ?? (state === 'resolved' ? '-' : colours.yellow('nobody')),
        title,
        colours.dim(services.join(' ')),
      ]),
    ),
  );
}

async function show(
  palantir: PalantirClient,
  context: CommandContext,
  colours: Colours,
  path: string,
): Promise<void> {
  const incident = await palantir.get<Incident>(path);
  if (context.flag('json')) return context.printJson(incident);
  const { id, title, state, owner, timeline } = incident;
  context.print(`${colours.bold(`incident ${id}`)} ${title}`);
  context.print(`${stateOf(state, colours)}, ${owner ?? 'nobody has it'}\n`);
  context.print(
    columns(
      timeline.map(({ atMs, kind, text, by }) => [
        colours.dim(localTime(new Date(atMs).toISOString())),
        kind,
        by === undefined ? text : `${text} ${colours.dim(`(${by})`)}`,
      ]),
    ),
  );
}

function stateOf(state: IncidentSummary['state'], { green, red, yellow }: Colours): string {
  return { open: red('open'), acknowledged: yellow('acknowledged'), resolved: green('resolved') }[state];
}
