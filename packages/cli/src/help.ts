/** Help as text, made from the table of commands. */
import { optionsOf } from './arguments.ts';
import type { CommandSpec, OptionSpec } from './command.ts';
import { COMMANDS } from './command-table.ts';
import { columns, wrapped } from './terminal/text.ts';

export function overview(version: string): string {
  return `Goblin ${version}: write services as functions behind typed contracts; Goblin runs them.

Usage: goblin <command> [options]

${columns(COMMANDS.map(({ name, summary }) => [`  ${name}`, summary]))}

goblin help <command> says more.
`;
}

export function commandHelp(command: CommandSpec): string {
  const parts = [`Usage: goblin ${command.name} ${command.usage}`.trimEnd(), wrapped(`${command.summary}.`)];
  if (command.details) parts.push(wrapped(command.details));
  parts.push(`Options:\n${optionLines(optionsOf(command))}`);
  if (command.examples)
    parts.push(`Examples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}

function optionLines(options: Readonly<Record<string, OptionSpec>>): string {
  return columns(
    Object.entries(options).map(([name, option]) => [`  ${optionName(name, option)}`, option.help]),
  );
}

/** `-f, --follow`, `--since <duration>` */
export function optionName(name: string, { short, value }: OptionSpec): string {
  return `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`;
}
