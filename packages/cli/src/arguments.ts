/** Reads the arguments of a command by its entry in the table. What is not an option of it is an error that names the
 * one that was likely meant; a command that passes options on leaves them alone. */
import { parseArgs } from 'node:util';
import { closest } from '@goblin/core';
import { type CommandSpec, type OptionSpec, UsageError } from './command.ts';
import { COMMON_OPTIONS } from './command-table.ts';

export interface ParsedArguments {
  readonly values: ReadonlyMap<string, string | boolean>;
  readonly positionals: readonly string[];
  /** What a command that passes options has not taken itself, as it came. */
  readonly rest: readonly string[];
}

export function optionsOf(command: CommandSpec): Readonly<Record<string, OptionSpec>> {
  return { ...command.options, ...COMMON_OPTIONS };
}

/** @throws UsageError */
export function parseArguments(command: CommandSpec, argv: readonly string[]): ParsedArguments {
  return command.passesOptions ? splitArguments(argv) : strictArguments(command, argv);
}

function strictArguments(command: CommandSpec, argv: readonly string[]): ParsedArguments {
  const options = optionsOf(command);
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type, short }]) => [
        name,
        short === undefined ? { type } : { type, short },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string | boolean>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const negated = token.name.startsWith('no-') && options[token.name.slice(3)]?.type === 'boolean';
    const name = negated ? token.name.slice(3) : token.name;
    const option = options[name];
    if (!option) throw unknownOption(command, token.rawName, options);
    if (option.type === 'boolean') {
      if (token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
      values.set(name, !negated);
    } else {
      if (token.value === undefined)
        throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${option.value}`);
      values.set(name, token.value);
    }
  }
  return { values, positionals, rest: [] };
}

function unknownOption(
  command: CommandSpec,
  given: string,
  options: Readonly<Record<string, OptionSpec>>,
): UsageError {
  const meant = closest(
    given,
    Object.keys(options).map((name) => `--${name}`),
  );
  const hint = meant === undefined ? '' : `: did you mean ${meant}?`;
  return new UsageError(`goblin ${command.name} has no option ${given}${hint}`);
}

/** Takes the common options and the first argument that is no option; everything else is passed on. */
function splitArguments(argv: readonly string[]): ParsedArguments {
  const values = new Map<string, string | boolean>();
  const positionals: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    const [, name, value] = /^--(config|data)(?:=(.*))?$/s.exec(word) ?? [];
    if (word === '--help' || word === '-h') values.set('help', true);
    else if (name !== undefined) {
      const given = value ?? argv[++i];
      if (given === undefined)
        throw new UsageError(`--${name} needs a value: --${name} ${COMMON_OPTIONS[name]!.value}`);
      values.set(name, given);
    } else if (positionals.length === 0 && !word.startsWith('-')) positionals.push(word);
    else rest.push(word);
  }
  return { values, positionals, rest };
}
