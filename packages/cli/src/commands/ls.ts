/** `goblin ls` */
import { sleep } from '@goblin/core';
import { addressOf, type Directory, type Peer } from '@goblin/mesh';
import type { CommandContext } from '../command.ts';
import { joinAsClient } from '../services/mesh-client.ts';
import { type Colours, coloursFor } from '../terminal/colours.ts';
import { columns } from '../terminal/text.ts';

/** Peers answer a newcomer within 50 ms; who has not after this is not there, or hangs. */
const QUIET_MS = 150;
const LONGEST_MS = 1_500;
const LOOK_MS = 25;

interface Listed {
  readonly service: string;
  readonly version: string;
  readonly instance: string;
  readonly address: string;
  readonly state: string;
}

export async function run(context: CommandContext): Promise<void> {
  const project = await context.project();
  await using mesh = await joinAsClient(project, context.io.env);
  await settled(mesh.directory);
  const found = mesh.directory.peers.filter((peer) => peer.service !== undefined).map(listed);
  found.sort((a, b) => (`${a.service} ${a.instance}` < `${b.service} ${b.instance}` ? -1 : 1));
  const colours = coloursFor(context.io.stdout, context.io.env);
  if (context.flag('json')) context.printJson(found);
  else
    context.print(
      found.length === 0 ? `no instance of ${project.model.name} runs here` : table(found, colours),
    );
  if (context.flag('watch')) await watch(context, mesh.directory, colours);
}

/** Resolves when nobody new has answered for a while. */
async function settled(directory: Directory): Promise<void> {
  let heardAt = performance.now();
  const startMs = heardAt;
  const off = directory.subscribe(() => {
    heardAt = performance.now();
  });
  const isLonely = (): boolean => directory.peers.length <= 1;
  while (performance.now() - startMs < LONGEST_MS) {
    if (!isLonely() && performance.now() - heardAt > QUIET_MS) break;
    await sleep(LOOK_MS);
  }
  off();
}

function listed(peer: Peer): Listed {
  const { service = '-', version, instance, state } = peer;
  return { service, version, instance, address: addressOf(peer), state };
}

function table(peers: readonly Listed[], colours: Colours): string {
  const head = ['SERVICE', 'INSTANCE', 'ADDRESS', 'STATE', 'VERSION'].map(colours.dim);
  const rows = peers.map(({ service, instance, address, state, version }) => [
    colours.bold(service),
    instance,
    address,
    state === 'ready' ? colours.green(state) : colours.yellow(state),
    version,
  ]);
  return columns([head, ...rows]);
}

/** Until the command is interrupted. */
async function watch(context: CommandContext, directory: Directory, colours: Colours): Promise<void> {
  directory.subscribe(({ kind, peer, because }) => {
    if (peer.service === undefined) return;
    if (context.flag('json'))
      return context.print(JSON.stringify({ change: kind, because, ...listed(peer) }));
    const { service, instance, address, state } = listed(peer);
    context.print(
      `${kind.padEnd(7)}  ${colours.bold(service)}  ${instance}  ${address}  ${state}  ${colours.dim(because)}`,
    );
  });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
