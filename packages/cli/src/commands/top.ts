/** `goblin top` */
import { applyPatch, type Operation, type WallState } from '@goblin/palantir';
import type { CommandContext } from '../command.ts';
import { palantirClient } from '../services/palantir-client.ts';
import { coloursFor } from '../terminal/colours.ts';
import { liveScreen } from '../terminal/live-screen.ts';
import { wallTable } from '../terminal/wall-table.ts';

export async function run(context: CommandContext): Promise<void> {
  const { stdout, env } = context.io;
  const palantir = await palantirClient(context);
  const first = await palantir.get<WallState>('/palantir/wall');
  if (context.flag('json')) return context.printJson(first);
  const colours = coloursFor(stdout, env);
  if (!stdout.isTTY) return context.print(wallTable(first, colours).join('\n'));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  let state = first;
  const screen = liveScreen(stdout, () => wallTable(state, colours));
  try {
    for await (const next of palantir.events<WallState | Operation[]>('/palantir/live', stop.signal)) {
      state = Array.isArray(next) ? applyPatch(state, next) : next;
      screen.changed();
    }
    if (!stop.signal.aborted) screen.log('palantir has ended the stream');
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    screen.close();
  }
}
