/** docs/reference/cli.md, made from the table of commands. */
import type { CommandSpec, OptionSpec } from './command.ts';
import { COMMANDS, COMMON_OPTIONS } from './command-table.ts';
import { optionName } from './help.ts';

export function referencePage(): string {
  return `# The goblin command

Made from the table of commands by \`node packages/cli/src/write-reference.ts\`; a test keeps it complete.

Exit codes: 0 well, 1 failed (the message says why, as JSON with \`--json\`), 2 called wrongly.
Every command has these options:

${optionTable(COMMON_OPTIONS)}

${COMMANDS.map(section).join('\n')}`;
}

function section(command: CommandSpec): string {
  const { name, usage, summary, details, examples, options } = command;
  return [
    `## goblin ${name}\n`,
    `\`goblin ${`${name} ${usage}`.trim()}\`\n`,
    `${summary}.${details ? ` ${details}` : ''}\n`,
    ...(options ? [`${optionTable(options)}\n`] : []),
    ...(examples ? [`\`\`\`sh\n${examples.join('\n')}\n\`\`\`\n`] : []),
  ].join('\n');
}

function optionTable(options: Readonly<Record<string, OptionSpec>>): string {
  const rows = Object.entries(options).map(
    ([name, option]) => `| \`${optionName(name, option)}\` | ${option.help} |`,
  );
  return ['| option | |', '| --- | --- |', ...rows].join('\n');
}
