/** `goblin logs payments -f` */
import { closest, GoblinError, milliseconds, prettyLine, wantsColour } from '@goblin/core';
import { LEVELS, type LogRecord, loggedServices, logReader, logsFolder } from '@goblin/deploy';
import { type CommandContext, UsageError } from '../command.ts';

const DEFAULT_LINES = 1_000;

export async function run(context: CommandContext): Promise<void> {
  const { positionals, io } = context;
  const project = await context.project();
  const folder = logsFolder(project.dataFolder);
  const known = [...loggedServices(folder), ...Object.keys(project.model.services)];
  for (const name of positionals) checkKnown(name, known);
  const wanted = filterOf(context);
  const reader = logReader(folder, positionals.length > 0 ? positionals : undefined);
  const colour = wantsColour(io.stdout, io.env);
  const show = (record: LogRecord): void =>
    context.print(context.flag('json') ? JSON.stringify(record) : prettyLine(record, { colour }));

  for (const record of await reader.history(wanted, linesOf(context))) show(record);
  if (!context.flag('follow')) return;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  for await (const record of reader.follow(stop.signal)) if (wanted(record)) show(record);
}

function checkKnown(name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const meant = closest(name, known);
  const hint = meant ? `did you mean ${meant}?` : `there are ${[...new Set(known)].join(', ') || 'none yet'}`;
  throw new GoblinError('NOT_FOUND', { message: `there is no log of ${JSON.stringify(name)}: ${hint}` });
}

function filterOf(context: CommandContext): (record: LogRecord) => boolean {
  const level = context.text('level') ?? 'trace';
  const lowest = LEVELS.indexOf(level);
  if (lowest < 0)
    throw new UsageError(`--level is one of ${LEVELS.join(', ')}, not ${JSON.stringify(level)}`);
  const since = context.text('since');
  const from = since === undefined ? '' : new Date(Date.now() - milliseconds(since)).toISOString();
  const pattern = patternOf(context.text('grep'));
  return (record) =>
    record.time >= from &&
    LEVELS.indexOf(record.level) >= lowest &&
    (pattern === undefined || pattern.test(JSON.stringify(record)));
}

function patternOf(text: string | undefined): RegExp | undefined {
  try {
    return text === undefined ? undefined : new RegExp(text);
  } catch (error) {
    throw new UsageError(`--grep is no regular expression: ${(error as Error).message}`);
  }
}

function linesOf(context: CommandContext): number {
  const text = context.text('lines') ?? String(DEFAULT_LINES);
  if (!/^\d+$/.test(text)) throw new UsageError(`--lines is a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}
