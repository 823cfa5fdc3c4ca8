/** `goblin contract publish` and `goblin contract check` */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  type Change,
  changeLine,
  contractChanges,
  describeContract,
  GoblinError,
  type PublishedContract,
} from '@goblin/core';
import { type CommandContext, UsageError } from '../command.ts';
import { loadServices } from '../services/definition.ts';
import { type Colours, coloursFor } from '../terminal/colours.ts';

interface Compared {
  readonly current: PublishedContract;
  readonly file: string;
  readonly isPublished: boolean;
  readonly changes: readonly Change[];
}

export async function run(context: CommandContext): Promise<number> {
  const [action, ...names] = context.positionals;
  if (action !== 'publish' && action !== 'check')
    throw new UsageError('say what to do: goblin contract publish or check');
  const project = await context.project();
  const folder = join(project.folder, 'contracts');
  const services = await loadServices(project, names);
  const all = services.map(({ definition }) => compare(folder, describeContract(definition.contract)));
  const broken = all.filter(({ changes }) => changes.some(({ breaking }) => breaking));
  if (context.flag('json'))
    context.printJson(
      all.map(({ current, isPublished, changes }) => ({ contract: current.name, isPublished, changes })),
    );
  else for (const one of all) print(context, one);
  if (broken.length > 0) {
    throw new GoblinError('CONTRACT_BROKEN', {
      message: `${broken.map(({ current }) => current.name).join(', ')} would break callers: keep what is published, or publish it as a new version beside the old one`,
    });
  }
  if (action === 'publish') publish(context, folder, all, project.folder);
  return 0;
}

function compare(folder: string, current: PublishedContract): Compared {
  const file = join(folder, `${current.name}.json`);
  if (!existsSync(file)) return { current, file, isPublished: false, changes: [] };
  const published = JSON.parse(readFileSync(file, 'utf8')) as PublishedContract;
  return { current, file, isPublished: true, changes: contractChanges(published, current) };
}

function print(context: CommandContext, compared: Compared): void {
  for (const line of linesOf(compared, coloursFor(context.io.stdout, context.io.env))) context.print(line);
}

function linesOf({ current, isPublished, changes }: Compared, { red, green, dim }: Colours): string[] {
  if (!isPublished) return [`${current.name}: ${dim('not published yet')}`];
  if (changes.length === 0) return [`${current.name}: ${green('as published')}`];
  return changes.map(
    (change) => `${change.breaking ? red('breaks') : green('adds  ')}  ${changeLine(change)}`,
  );
}

function publish(context: CommandContext, folder: string, all: readonly Compared[], root: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { current, file, isPublished, changes } of all) {
    if (isPublished && changes.length === 0) continue;
    writeFileSync(file, `${JSON.stringify(current, undefined, 2)}\n`);
    if (!context.flag('json')) context.print(`wrote ${relative(root, file)}`);
  }
}
