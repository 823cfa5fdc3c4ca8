/** `goblin palantir link`, `goblin palantir check` and `goblin palantir schema` */
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { GoblinError } from '@goblin/core';
import { controlClient } from '@goblin/deploy';
import {
  loadSettings,
  type Problem,
  problemLine,
  type Settings,
  settingsSchema,
} from '@goblin/palantir/settings';
import { type CommandContext, UsageError } from '../command.ts';
import { palantirLink } from '../services/palantir-link.ts';
import { coloursFor } from '../terminal/colours.ts';

export async function run(context: CommandContext): Promise<number | void> {
  const [action, place, ...more] = context.positionals;
  if (action === 'schema' && place === undefined) return context.printJson(settingsSchema);
  if (action === 'link' && more.length === 0) return link(context, place ?? '/');
  if (action !== 'check' || more.length > 0)
    throw new UsageError(
      'say what to do: goblin palantir link [page], goblin palantir check [folder], or goblin palantir schema',
    );
  return await check(context, place);
}

async function link(context: CommandContext, page: string): Promise<void> {
  if (!page.startsWith('/'))
    throw new UsageError(`${JSON.stringify(page)} is no page: write one such as /tv`);
  const { dataFolder } = await context.project();
  const url = palantirLink(await controlClient(dataFolder).status(), dataFolder, page);
  if (url === undefined)
    throw new GoblinError('UNAVAILABLE', { message: 'palantir does not run: see goblin ls' });
  context.print(url);
}

async function check(context: CommandContext, given: string | undefined): Promise<number> {
  const { cwd } = context.io;
  const place = given === undefined ? await placeOf(context) : resolve(cwd, given);
  const name = relative(cwd, place) || '.';
  if (!existsSync(place)) {
    if (given !== undefined) throw new GoblinError('NOT_FOUND', { message: `${given} does not exist` });
    report(context, [], `there is no ${name}: the default rules are all there is`);
    return 0;
  }
  const { settings, problems } = await loadSettings(place, { variables: context.io.env });
  const here = problems.map((problem): Problem => ({ ...problem, file: relative(cwd, problem.file) }));
  report(context, here, settings ? `${name} is good: ${summary(settings)}` : '');
  return problems.length > 0 ? 1 : 0;
}

/** Where `goblin up` reads them. */
async function placeOf(context: CommandContext): Promise<string> {
  const { folder, model } = await context.project();
  return join(folder, model.palantir?.settings ?? 'palantir');
}

function report(context: CommandContext, problems: readonly Problem[], good: string): void {
  if (context.flag('json')) return context.printJson({ problems });
  const { green, red } = coloursFor(context.io.stdout, context.io.env);
  for (const problem of problems) context.print(problemLine(problem));
  if (problems.length === 0) context.print(green(good));
  else context.io.stderr.write(red(problems.length === 1 ? '1 mistake\n' : `${problems.length} mistakes\n`));
}

function summary({ rules, notify, dashboards, catalogue, stacks }: Settings): string {
  const own = rules.filter(({ source }) => !source.startsWith('default')).length;
  const counts: readonly (readonly [number, string])[] = [
    [notify.notifiers?.length ?? 0, 'notifiers'],
    [dashboards.length, 'dashboards'],
    [Object.keys(catalogue).length, 'services'],
    [stacks.length, 'stacks'],
  ];
  const others = counts.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
  return [`rules: ${own}, and ${rules.length - own} default ones`, ...others].join('; ');
}
