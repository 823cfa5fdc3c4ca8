/** The `goblin` command: finds the command, reads its arguments, runs it, and turns errors into a sentence on standard
 * error and an exit code: 0 well, 1 failed, 2 called wrongly. Commands are loaded when they are used. */
import { readFileSync } from 'node:fs';
import { closest, GoblinError } from '@goblin/core';
import { loadProject } from '@goblin/deploy/project';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { type CommandContext, type CommandSpec, type Io, UsageError } from './command.ts';
import { COMMANDS } from './command-table.ts';

/** @param world what differs from that of this process; `bin` is the file that `goblin` is.
 * @returns the exit code, which is also set for this process. */
export async function main(
  argv: readonly string[],
  world: Partial<Io> & { readonly bin: string },
): Promise<number> {
  const { stdin, stdout, stderr, env } = process;
  const io: Io = { stdin, stdout, stderr, env, cwd: process.cwd(), ...world };
  const code = await execute(argv, io);
  process.exitCode = code;
  return code;
}

async function execute(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...args] = argv;
  try {
    if (name === undefined || name === '--help' || name === '-h') return await showOverview(io);
    if (name === '--version' || name === '-V') {
      io.stdout.write(`${version()}\n`);
      return 0;
    }
    return await executeCommand(commandNamed(name), args, io);
  } catch (error) {
    return report(error, argv, io);
  }
}

export async function showOverview(io: Io): Promise<number> {
  const { overview } = await import('./help.ts');
  io.stdout.write(overview(version()));
  return 0;
}

/** @throws UsageError with the name that was likely meant. */
export function commandNamed(name: string): CommandSpec {
  const command = COMMANDS.find((known) => known.name === name);
  if (command) return command;
  const meant = closest(
    name,
    COMMANDS.map((known) => known.name),
  );
  throw new UsageError(
    `there is no command ${JSON.stringify(name)}${meant ? `: did you mean goblin ${meant}?` : ''}`,
  );
}

async function executeCommand(command: CommandSpec, args: readonly string[], io: Io): Promise<number> {
  const parsed = parseArguments(command, args);
  // A service lists its own settings.
  const isServiceHelp = command.passesOptions && parsed.positionals.length > 0;
  if (parsed.values.get('help') && !isServiceHelp) {
    const { commandHelp } = await import('./help.ts');
    io.stdout.write(commandHelp(command));
    return 0;
  }
  if (!LASTING.has(command.name)) process.stdout.on('error', leaveQuietly);
  const { run } = await command.load();
  return (await run(contextOf(parsed, io))) ?? 0;
}

/** These have more to end than their output. */
const LASTING: ReadonlySet<string> = new Set(['up', 'run']);

/** Who read the output has left, as `head` does: there is nobody to go on for. */
function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}

function contextOf({ values, positionals, rest }: ParsedArguments, io: Io): CommandContext {
  const text = (name: string): string | undefined => {
    const value = values.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    io,
    positionals,
    rest,
    flag: (name) => {
      const value = values.get(name);
      return typeof value === 'boolean' ? value : undefined;
    },
    text,
    project: () => loadProject({ config: text('config'), data: text('data'), cwd: io.cwd, env: io.env }),
    print: (line) => void io.stdout.write(`${line}\n`),
    printJson: (value) => void io.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`),
  };
}

function report(error: unknown, argv: readonly string[], { stderr }: Io): number {
  if (error instanceof UsageError) {
    const [name] = argv;
    const known = COMMANDS.some((command) => command.name === name);
    stderr.write(`goblin: ${error.message}\n  see goblin help${known ? ` ${name}` : ''}\n`);
    return 2;
  }
  if (error instanceof GoblinError) {
    const isJson = argv.includes('--json');
    // A list of problems speaks for itself.
    const code = error.message.includes('\n') ? '' : `  [${error.code}]`;
    stderr.write(isJson ? `${JSON.stringify({ error })}\n` : `goblin: ${error.message}${code}\n`);
  } else {
    stderr.write(`goblin: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  return 1;
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
