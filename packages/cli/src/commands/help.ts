/** `goblin help [command]` */
import type { CommandContext } from '../command.ts';
import { commandHelp } from '../help.ts';
import { commandNamed, showOverview } from '../main.ts';

export async function run({ positionals: [name], io }: CommandContext): Promise<void> {
  if (name === undefined) await showOverview(io);
  else io.stdout.write(commandHelp(commandNamed(name)));
}
