/** `goblin config [service …]` */
import { ownProcesses } from '@goblin/deploy/project';
import type { CommandContext } from '../command.ts';
import { settingsOf, type ValuedSetting } from '../services/settings.ts';
import { type Colours, coloursFor } from '../terminal/colours.ts';
import { columns } from '../terminal/text.ts';

export async function run(context: CommandContext): Promise<void> {
  const project = await context.project();
  const all = [...Object.keys(project.model.services), ...ownProcesses(project.model)];
  const names = context.positionals.length > 0 ? context.positionals : all;
  const found = await Promise.all(
    names.map(async (name) => [name, await settingsOf(project, name, context.io.env)] as const),
  );
  if (context.flag('json')) return context.printJson(Object.fromEntries(found));
  const colours = coloursFor(context.io.stdout, context.io.env);
  context.print(colours.dim(`config file ${project.configFile}\ndata folder ${project.dataFolder}`));
  for (const [name, settings] of found) {
    context.print(`\n${colours.bold(name)}\n${columns(settings.map((setting) => row(setting, colours)))}`);
  }
}

function row({ name, value, required, source }: ValuedSetting, { dim, red }: Colours): string[] {
  const text =
    value === undefined ? (required ? red('missing') : dim('not set')) : String(JSON.stringify(value));
  return [`  ${name}`, text, dim(source === undefined ? '' : `from ${source}`)];
}
