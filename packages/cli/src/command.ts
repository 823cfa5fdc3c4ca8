/** What a command is: an entry of the table (command-table.ts) that help, completion and docs/reference/cli.md are made
 * from, and a function in a file of its own that is loaded only when the command is used. */
import type { Project } from '@goblin/deploy/project';

export interface OptionSpec {
  /** `boolean` stands alone and can be negated by `--no-`; the others take a value. */
  readonly type: 'boolean' | 'string';
  /** One letter. */
  readonly short?: string;
  /** How the value is called in help: `<port>`. */
  readonly value?: string;
  readonly help: string;
}

export interface CommandSpec {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What follows `goblin <name>`: `<service> [-- arguments]`. */
  readonly usage: string;
  /** More, where the summary does not say it all. */
  readonly details?: string;
  readonly examples?: readonly string[];
  /** Besides those that every command has. */
  readonly options?: Readonly<Record<string, OptionSpec>>;
  /** Options that it does not know are for the service: it gets them as they came. */
  readonly passesOptions?: boolean;
  /** What its arguments complete to. */
  readonly completes?: 'services' | 'commands' | readonly string[];
  load(): Promise<{ run: CommandFunction }>;
}

/** @returns the exit code; 0 when nothing. */
export type CommandFunction = (context: CommandContext) => Promise<number | void>;

/** A stream that is written to, perhaps a terminal. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** The world of one run of the command. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The file that `goblin` is; the supervisor starts instances with it. */
  readonly bin: string;
}

export interface CommandContext {
  readonly io: Io;
  readonly positionals: readonly string[];
  /** What was passed on, for a command that passes options. */
  readonly rest: readonly string[];
  /** Whether a switch is on; undefined when it was not given. */
  flag(name: string): boolean | undefined;
  text(name: string): string | undefined;
  /** The project that the working folder, the options and the environment name. */
  project(): Promise<Project>;
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Writes one value as JSON, for `--json`. */
  printJson(value: unknown): void;
}

/** The command was called wrongly: exit code 2, with a hint to its help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
