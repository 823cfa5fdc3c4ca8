/** Completion scripts for shells, made from the table of commands. Commands and options are in the script; the names of
 * services are asked for when they are needed, by `goblin completion services`. */
import { optionsOf } from './arguments.ts';
import type { CommandSpec } from './command.ts';
import { COMMANDS } from './command-table.ts';

export const SHELLS: Readonly<Record<string, () => string>> = { bash, zsh, fish };

const SERVICES = 'goblin completion services 2>/dev/null';

function wordsOf({ completes }: CommandSpec): string {
  if (completes === 'services') return `$(${SERVICES})`;
  if (completes === 'commands') return COMMANDS.map(({ name }) => name).join(' ');
  return (completes ?? []).join(' ');
}

function flagsOf(command: CommandSpec): string[] {
  return Object.entries(optionsOf(command)).flatMap(([name, { short }]) => [
    `--${name}`,
    ...(short ? [`-${short}`] : []),
  ]);
}

function cases(): string {
  return COMMANDS.map(
    (command) => `    ${command.name}) words="${flagsOf(command).join(' ')} ${wordsOf(command)}" ;;`,
  ).join('\n');
}

function bash(): string {
  return `_goblin() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases()}
    *) words="${COMMANDS.map(({ name }) => name).join(' ')} --help --version" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${COMMANDS.map(({ name }) => name).join(' ')} --help --version"; fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _goblin goblin
`;
}

function zsh(): string {
  const commands = COMMANDS.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n');
  return `#compdef goblin
_goblin() {
  local -a commands
  commands=(
${commands}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local words_
  case "\${words[2]}" in
${cases().replaceAll('words=', 'words_=')}
  esac
  compadd -- \${=words_}
}
compdef _goblin goblin
`;
}

function fish(): string {
  const lines = COMMANDS.flatMap((command) => {
    const seen = `-n '__fish_seen_subcommand_from ${command.name}'`;
    const words = wordsOf(command).replace(/^\$\(/, '(');
    return [
      `complete -c goblin -f -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
      ...Object.entries(optionsOf(command)).map(
        ([name, { short, help, type }]) =>
          `complete -c goblin ${seen} -l ${name}${short ? ` -s ${short}` : ''}${type === 'string' ? ' -r' : ''} -d ${quoted(help)}`,
      ),
      ...(words ? [`complete -c goblin -f ${seen} -a ${quoted(words)}`] : []),
    ];
  });
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
