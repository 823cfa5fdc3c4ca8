/** `goblin fault inject tax --latency 300ms --for 20s`, `goblin fault ls`, `goblin fault lift` */
import { closest, GoblinError } from '@goblin/core';
import { noteChange } from '@goblin/deploy';
import type { Project } from '@goblin/deploy/project';
import { DEFAULT_FAULT_MS, type FaultMatch, type Mesh, type Peer, type RunningFault } from '@goblin/mesh';
import { type CommandContext, UsageError } from '../command.ts';
import { contractNamed, serviceNamed } from '../services/definition.ts';
import { effectInWords, faultOf, matchInWords } from '../services/fault-spec.ts';
import { everybodyFound, joinAsClient } from '../services/mesh-client.ts';
import { mustHaveReached, processesOf, type Told, tellAll } from '../services/orders.ts';
import { coloursFor } from '../terminal/colours.ts';
import { columns } from '../terminal/text.ts';

/** One fault, wherever it is injected. */
interface SharedFault extends RunningFault {
  readonly instances: readonly string[];
}

export async function run(context: CommandContext): Promise<number | void> {
  const [what, name] = context.positionals;
  switch (what) {
    case 'inject':
      return inject(context, name);
    case 'ls':
      return list(context);
    case 'lift':
      return lift(context, name);
    default:
      throw new UsageError(
        'say what to do: goblin fault inject <service>, goblin fault ls or goblin fault lift',
      );
  }
}

async function inject(context: CommandContext, target: string | undefined): Promise<number> {
  if (target === undefined) throw new UsageError('name a service: goblin fault inject tax --latency 300ms');
  const project = await context.project();
  const [service = '', procedure] = target.split('/');
  const match = await matchOf(project, service, procedure);
  const fault = faultOf(context, service, match);
  await using mesh = await joined(context, project);
  const peers = recipients(project, mesh, service, fault.match?.side === 'client');
  const chosen = chosenOf(peers, context.text('instances'));
  const told = await tellAll<RunningFault>(mesh, chosen, 'faults.inject', fault);
  mustHaveReached(told);
  const forMs = fault.forMs ?? DEFAULT_FAULT_MS;
  const said = `${matchInWords(fault.match!)} ${effectInWords(fault.effect)}, for ${forMs / 1_000} s`;
  noteChange(project.dataFolder, { kind: 'fault', service, title: `${fault.id} injected: ${said}` });
  if (context.flag('json')) context.printJson({ ...fault, forMs, instances: told.map(inJson) });
  else {
    print(context, told, () => 'injected');
    context.print(`\n${said}`);
    context.print(`lift it sooner by  goblin fault lift ${fault.id}`);
  }
  return exitCode(told);
}

async function list(context: CommandContext): Promise<void> {
  const project = await context.project();
  await using mesh = await joined(context, project);
  const faults = await faultsOf(project, mesh);
  if (context.flag('json')) return context.printJson(faults);
  if (faults.length === 0) return context.print('no faults are injected');
  const { bold, dim } = coloursFor(context.io.stdout, context.io.env);
  const rows = faults.map(({ id, match, effect, until, struck, instances }) => [
    bold(id),
    matchInWords(match),
    effectInWords(effect),
    `${Math.max(0, Math.ceil((until - Date.now()) / 1_000))} s`,
    String(struck),
    instances.join(' '),
  ]);
  context.print(columns([['FAULT', 'CALLS', 'EFFECT', 'LEFT', 'STRUCK', 'INSTANCES'].map(dim), ...rows]));
}

async function lift(context: CommandContext, id: string | undefined): Promise<number> {
  if ((id === undefined) !== (context.flag('all') === true))
    throw new UsageError('name a fault as goblin fault ls lists it, or give --all');
  const project = await context.project();
  await using mesh = await joined(context, project);
  if (id !== undefined) await mustBeInjected(project, mesh, id);
  const asked = await tellAll<readonly RunningFault[]>(mesh, takingFaults(project, mesh), 'faults.lift', {
    id,
  });
  // Who is still starting has no faults.
  const told = asked.filter(({ peer, error, result }) => (error ? peer.address : result!.length > 0));
  const lifted = new Set(told.flatMap(({ result = [] }) => result.map((fault) => fault.id)));
  for (const one of lifted) noteChange(project.dataFolder, { kind: 'fault', title: `${one} lifted` });
  if (context.flag('json')) context.printJson(told.map(inJson));
  else if (told.length === 0) context.print('no faults were injected');
  else {
    print(context, told, (lifted) =>
      lifted.map((fault) => `lifted ${fault.id}, which struck ${fault.struck} calls`).join('; '),
    );
  }
  return exitCode(told);
}

async function joined(context: CommandContext, project: Project): Promise<Mesh> {
  const mesh = await joinAsClient(project, context.io.env);
  await everybodyFound(mesh);
  return mesh;
}

/** @throws NOT_FOUND with what was likely meant. */
async function matchOf(
  project: Project,
  service: string,
  procedure: string | undefined,
): Promise<FaultMatch> {
  if (serviceNamed(project, service).kind === 'program') {
    throw new GoblinError('UNIMPLEMENTED', {
      message: `${service} is a program that is not ours: it takes no faults`,
    });
  }
  const { name, procedures } = await contractNamed(project, service);
  if (procedure === undefined) return { contract: name };
  if (Object.hasOwn(procedures, procedure)) return { contract: name, procedure };
  const known = Object.keys(procedures);
  const meant = closest(procedure, known);
  throw new GoblinError('NOT_FOUND', {
    message: `${name} has no procedure ${JSON.stringify(procedure)}: ${meant ? `did you mean ${meant}?` : `it has ${known.join(', ')}`}`,
  });
}

/** The instances of the service, or all that may call it. @throws NO_PEER */
function recipients(project: Project, mesh: Mesh, service: string, atCallers: boolean): Peer[] {
  const found = takingFaults(project, mesh).filter((peer) => (peer.service === service) !== atCallers);
  if (found.length > 0) return found;
  throw new GoblinError('NO_PEER', {
    message: `no instance ${atCallers ? `that may call ${service}` : `of ${service}`} runs here: start it by goblin up, or look at goblin ls`,
  });
}

/** @throws NOT_FOUND */
function chosenOf(peers: readonly Peer[], text: string | undefined): readonly Peer[] {
  if (text === undefined) return peers;
  const known = peers.map(({ instance }) => instance);
  for (const name of text.split(',')) {
    if (known.includes(name)) continue;
    throw new GoblinError('NOT_FOUND', {
      message: `there is no instance ${JSON.stringify(name)}: there are ${known.join(', ')}`,
    });
  }
  return peers.filter(({ instance }) => text.split(',').includes(instance));
}

/** What is injected anywhere, a fault that several instances have once. */
async function faultsOf(project: Project, mesh: Mesh): Promise<SharedFault[]> {
  const told = await tellAll<readonly RunningFault[]>(mesh, takingFaults(project, mesh), 'faults.list');
  const byId = new Map<string, SharedFault>();
  for (const { peer, result = [] } of told) {
    for (const fault of result) {
      const { struck, instances } = byId.get(fault.id) ?? { struck: 0, instances: [] };
      byId.set(fault.id, {
        ...fault,
        struck: struck + fault.struck,
        instances: [...instances, peer.instance],
      });
    }
  }
  return [...byId.values()];
}

/** @throws NOT_FOUND */
async function mustBeInjected(project: Project, mesh: Mesh, id: string): Promise<void> {
  const known = (await faultsOf(project, mesh)).map((fault) => fault.id);
  if (known.includes(id)) return;
  const meant = closest(id, known);
  throw new GoblinError('NOT_FOUND', {
    message: `there is no fault ${JSON.stringify(id)}: ${meant ? `did you mean ${meant}?` : `there are ${known.join(', ') || 'none'}`}`,
  });
}

/** An edge passes plain HTTP on: it makes no calls, and answers none. */
function takingFaults(project: Project, mesh: Mesh): Peer[] {
  return processesOf(project, mesh).filter(({ contracts }) => contracts.length > 0);
}

function print<T>(context: CommandContext, told: readonly Told<T>[], said: (result: T) => string): void {
  const { bold, red } = coloursFor(context.io.stdout, context.io.env);
  const rows = told.map(({ peer, error, result }) => [
    bold(peer.instance),
    error ? red(`${error.message}  [${error.code}]`) : said(result!),
  ]);
  context.print(columns(rows));
}

function inJson<T>({ peer, error, result }: Told<T>): object {
  return { instance: peer.instance, ...(error ? { error } : { result }) };
}

function exitCode(told: readonly Told<unknown>[]): number {
  return told.some(({ error }) => error) ? 1 : 0;
}
