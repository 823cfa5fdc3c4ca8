/** `goblin peers explain tax`: why running processes call some instances of tax and not others, each by its own view. */
import { closest, GoblinError } from '@goblin/core';
import type { Project } from '@goblin/deploy/project';
import type { Mesh, Peer, TargetView } from '@goblin/mesh';
import { type CommandContext, UsageError } from '../command.ts';
import { everybodyFound, joinAsClient } from '../services/mesh-client.ts';
import { mustHaveReached, processesOf, type Told, tellAll } from '../services/orders.ts';
import { coloursFor } from '../terminal/colours.ts';
import { explanation } from '../terminal/explanation.ts';

export async function run(context: CommandContext): Promise<void> {
  const [what, name] = context.positionals;
  if (what !== 'explain' || name === undefined)
    throw new UsageError('name whose peers to explain: goblin peers explain tax');
  const project = await context.project();
  await using mesh = await joinAsClient(project, context.io.env);
  await everybodyFound(mesh);
  mustBeKnown(project, mesh, name);
  const from = context.text('from');
  const told = await tellAll<TargetView>(mesh, askedFor(project, mesh, from), 'explain', { name });
  mustHaveReached(told);
  const callers = from === undefined ? callersIn(told) : told;
  if (context.flag('json')) return context.printJson(callers.map(inJson));
  const colours = coloursFor(context.io.stdout, context.io.env);
  const parts = callers.map(({ peer, result, error }) =>
    result
      ? explanation(peer, result, colours)
      : `${colours.bold(peer.instance)}  ${colours.red(error!.message)}`,
  );
  const silent = told.length - callers.length;
  if (silent > 0)
    parts.push(colours.dim(`${silent} others have not called ${name}: --from shows their view`));
  context.print(parts.join('\n\n'));
}

/** Those that have called it or could not be asked; all where nobody has. */
function callersIn(told: readonly Told<TargetView>[]): readonly Told<TargetView>[] {
  const callers = told.filter(({ result, error }) => error || (result && hasCalled(result)));
  return callers.some(({ result }) => result) ? callers : told;
}

function hasCalled({ calls, peers }: TargetView): boolean {
  return (
    calls.length > 0 ||
    peers.some(({ latencyMs, inFlight, lastFailure }) => latencyMs !== null || inFlight > 0 || lastFailure)
  );
}

/** @throws NOT_FOUND */
function mustBeKnown({ model }: Project, { directory }: Mesh, name: string): void {
  const known = [
    ...Object.keys(model.services),
    ...directory.peers.flatMap(({ service, contracts, instance }) =>
      service === undefined ? [] : [service, ...contracts, instance],
    ),
  ];
  if (known.includes(name)) return;
  throw notFound(`nobody is called ${JSON.stringify(name)}`, name, known);
}

/** @throws NOT_FOUND, NO_PEER */
function askedFor(project: Project, mesh: Mesh, from: string | undefined): readonly Peer[] {
  const all = processesOf(project, mesh);
  const asked = all.filter(
    ({ service, instance }) => from === undefined || service === from || instance === from,
  );
  if (asked.length > 0) return asked;
  if (from !== undefined && all.length > 0) {
    const known = all.flatMap(({ service = '', instance }) => [service, instance]);
    throw notFound(`no process that runs here is called ${JSON.stringify(from)}`, from, known);
  }
  throw new GoblinError('NO_PEER', {
    message: `no process of ${project.model.name} runs here: goblin up starts them`,
  });
}

function notFound(what: string, name: string, known: readonly string[]): GoblinError {
  const meant = closest(name, known);
  const hint = meant ? `did you mean ${meant}?` : `there are ${[...new Set(known)].join(', ')}`;
  return new GoblinError('NOT_FOUND', { message: `${what}: ${hint}` });
}

function inJson({ peer, result, error }: Told<TargetView>): object {
  return { service: peer.service, instance: peer.instance, ...(error ? { error } : { view: result }) };
}
