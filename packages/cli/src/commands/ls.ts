/** `goblin ls`: who is there, as discovery of this machine sees it; with --watch as it changes. */
import type { Directory, DirectoryChange } from '@goblin/mesh';
import type { CommandContext } from '../command.ts';
import { onSignals } from '../run/signals.ts';
import { everybodyFound, joinAsClient } from '../services/mesh-client.ts';
import { listed, listPeers } from '../services/peer-list.ts';
import { type Colours, coloursFor } from '../terminal/colours.ts';
import { liveScreen } from '../terminal/live-screen.ts';
import { peerBoard, peerTable } from '../terminal/peer-table.ts';

/** Lines of the terminal that the table must leave. */
const SPARE_ROWS = 4;

export async function run(context: CommandContext): Promise<void> {
  const project = await context.project();
  await using mesh = await joinAsClient(project, context.io.env);
  const { directory } = mesh;
  await everybodyFound(mesh);
  const nobody = `no instance of ${project.model.name} runs here`;
  if (context.flag('watch')) return await watch(context, directory, nobody);
  const found = listPeers(directory);
  if (context.flag('json')) return context.printJson(found);
  const colours = coloursFor(context.io.stdout, context.io.env);
  context.print(found.length === 0 ? nobody : peerTable(found, Date.now(), colours).join('\n'));
}

/** How changes are shown. */
interface View {
  changed(change: DirectoryChange): void;
  close(): void;
}

/** Until the command is interrupted. */
async function watch(context: CommandContext, directory: Directory, nobody: string): Promise<void> {
  const view = viewOf(context, directory, nobody);
  const off = directory.subscribe((change) => {
    if (change.peer.service !== undefined) view.changed(change);
  });
  const stop = Promise.withResolvers<void>();
  const offSignals = onSignals(
    () => stop.resolve(),
    () => view.close(),
  );
  await stop.promise;
  off();
  view.close();
  offSignals();
}

function viewOf(context: CommandContext, directory: Directory, nobody: string): View {
  if (context.flag('json')) return jsonView(context, directory);
  const colours = coloursFor(context.io.stdout, context.io.env);
  return context.io.stdout.isTTY
    ? terminalView(context, directory, nobody, colours)
    : plainView(context, directory, nobody, colours);
}

/** One line each: those that are known, then each change. */
function jsonView(context: CommandContext, directory: Directory): View {
  const tell = (line: object): void => context.print(JSON.stringify(line));
  for (const peer of listPeers(directory)) tell({ change: 'known', ...peer });
  return {
    changed: ({ kind, peer, because }) => tell({ change: kind, because, ...listed(peer, directory) }),
    close: () => {},
  };
}

function plainView(context: CommandContext, directory: Directory, nobody: string, colours: Colours): View {
  const found = listPeers(directory);
  context.print(found.length === 0 ? nobody : peerTable(found, Date.now(), colours).join('\n'));
  return { changed: (change) => context.print(sentence(change, colours)), close: () => {} };
}

/** The table, and above it what has changed. */
function terminalView(context: CommandContext, directory: Directory, nobody: string, colours: Colours): View {
  const { stdout } = context.io;
  const board = peerBoard(colours);
  const screen = liveScreen(stdout, () => {
    const [head = '', ...rows] = board.draw(listPeers(directory), Date.now());
    const room = Math.max(1, (stdout.rows ?? 24) - SPARE_ROWS);
    const hidden = rows.length - room;
    return [
      ...(rows.length === 0 ? [nobody] : [head, ...rows.slice(0, room)]),
      colours.dim(hidden > 0 ? `and ${hidden} more: goblin ls lists them all` : 'Ctrl-C stops'),
    ];
  });
  return {
    changed(change) {
      const time = new Date().toLocaleTimeString('en-GB');
      screen.log(`${colours.dim(time)}  ${sentence(change, colours)}`);
    },
    close: () => screen.close(),
  };
}

function sentence({ kind, peer, because }: DirectoryChange, colours: Colours): string {
  const { service = '-', instance, state } = peer;
  const about =
    kind === 'joined' || kind === 'changed' ? `${state}  ${colours.dim(`by ${because}`)}` : because;
  return `${kind.padEnd(9)}  ${colours.bold(service)}  ${instance}  ${about}`;
}
