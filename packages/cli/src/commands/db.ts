/** `goblin db status`, `plan`, `migrate`, `lint` and `psql` */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { GoblinError } from '@goblin/core';
import {
  lintMigrations,
  type MigrationRunOptions,
  type MigrationStatus,
  type PlannedMigration,
} from '@goblin/data';
import { noteChange } from '@goblin/deploy';
import type { Project } from '@goblin/deploy/project';
import { type CommandContext, UsageError } from '../command.ts';
import { openPlace, type ServicePlace, servicePlaces } from '../services/migrations.ts';
import { coloursFor } from '../terminal/colours.ts';
import { findingLines, planLines, statusRow } from '../terminal/migrations.ts';
import { withProgress } from '../terminal/progress.ts';
import { columns } from '../terminal/text.ts';

export async function run(context: CommandContext): Promise<number> {
  const [action, ...names] = context.positionals;
  const project = await context.project();
  switch (action) {
    case 'status':
      return status(context, project, await migrating(context, project, names));
    case 'plan':
      return plan(context, project, await migrating(context, project, names));
    case 'migrate':
      return migrate(context, project, await migrating(context, project, names));
    case 'lint':
      return lint(context, project, await migrating(context, project, names));
    case 'psql':
      return psql(context, project, names);
    default:
      throw new UsageError('say what to do: goblin db status, plan, migrate, lint or psql');
  }
}

/** The services that have migrations, all or those that are named. */
async function migrating(
  context: CommandContext,
  project: Project,
  names: readonly string[],
): Promise<ServicePlace[]> {
  const all = await servicePlaces(project, names, context.io.env);
  const found = all.filter(({ folder }) => folder !== undefined);
  if (found.length > 0) return found;
  throw new GoblinError('NOT_FOUND', {
    message: `${names.join(', ') || 'no service'} has no migrations: give postgres({ migrations }) their folder`,
  });
}

async function status(
  context: CommandContext,
  project: Project,
  places: readonly ServicePlace[],
): Promise<number> {
  const all: (MigrationStatus & { service: string })[] = [];
  for (const place of places) {
    await using database = await openPlace(project, place);
    all.push({ service: place.service, ...(await database.status()) });
  }
  if (context.flag('json')) context.printJson(all);
  else {
    const colours = coloursFor(context.io.stdout, context.io.env);
    for (const [index, { service, migrations }] of all.entries()) {
      if (index > 0) context.print('');
      context.print(colours.bold(service));
      context.print(columns(migrations.map((view) => statusRow(view, colours))));
    }
  }
  return all.some(({ migrations }) => migrations.some(({ state }) => state === 'drifted')) ? 1 : 0;
}

async function plan(
  context: CommandContext,
  project: Project,
  places: readonly ServicePlace[],
): Promise<number> {
  const all: { service: string; migrations: PlannedMigration[] }[] = [];
  for (const place of places) {
    await using database = await openPlace(project, place);
    all.push({ service: place.service, migrations: await database.plan() });
  }
  if (context.flag('json')) context.printJson(all);
  else {
    const colours = coloursFor(context.io.stdout, context.io.env);
    for (const { service, migrations } of all) {
      context.print(`${colours.bold(service)}${migrations.length === 0 ? ': nothing to do' : ''}`);
      for (const planned of migrations)
        for (const line of planLines(planned, project.folder, colours)) context.print(line);
    }
  }
  return 0;
}

function migrate(
  context: CommandContext,
  project: Project,
  places: readonly ServicePlace[],
): Promise<number> {
  return withProgress(context, 'what was done is kept, and it goes on there', async (progress, signal) => {
    const contract = context.flag('contract') ?? false;
    const results: object[] = [];
    for (const place of places) {
      await using database = await openPlace(project, place);
      const onStep: NonNullable<MigrationRunOptions['onStep']> = (file, step) =>
        progress.show(partOf(place, file.name, step?.held), step?.rows ?? 0, step?.estimatedRows);
      let applied = await database.migrate({ signal, onStep });
      const isFilled = context.flag('backfill') ? await database.backfill({ signal, onStep }) : undefined;
      if (contract) applied += await database.migrate({ contract, signal, onStep });
      const { migrations } = await database.status();
      const left = migrations
        .filter(({ state }) => state === 'pending' || state === 'filling')
        .map(({ name }) => name);
      results.push({ service: place.service, applied, left });
      if (applied > 0) {
        const title = `${applied} ${applied === 1 ? 'migration' : 'migrations'} applied`;
        noteChange(project.dataFolder, { kind: 'data', service: place.service, title });
      }
      progress.close();
      if (context.flag('json')) continue;
      context.print(
        `${place.service}: ${applied === 0 ? 'nothing to apply' : `${applied} applied`}${left.length > 0 ? `; left: ${left.join(', ')}` : ''}`,
      );
      if (isFilled === false) context.print('  another process fills rows: see goblin db status');
    }
    if (context.flag('json')) context.printJson(results);
    return 0;
  });
}

function partOf({ service }: ServicePlace, file: string, held: string | undefined): string {
  return `${service} ${file}${held === undefined ? '' : ` (${held})`}`;
}

async function lint(
  context: CommandContext,
  project: Project,
  places: readonly ServicePlace[],
): Promise<number> {
  const found = await Promise.all(
    places.map(async ({ service, folder }) => ({ service, findings: await lintMigrations(folder!) })),
  );
  const count = found.reduce((sum, { findings }) => sum + findings.length, 0);
  if (context.flag('json')) context.printJson(found);
  else {
    const { red, green } = coloursFor(context.io.stdout, context.io.env);
    for (const { service, findings } of found) {
      if (findings.length === 0) context.print(`${service}: ${green('nothing keeps others waiting')}`);
      for (const finding of findings)
        for (const line of findingLines(finding, project.folder, red)) context.print(line);
    }
  }
  return count > 0 ? 1 : 0;
}

async function psql(context: CommandContext, project: Project, names: readonly string[]): Promise<number> {
  const [name, ...args] = names;
  if (name === undefined) throw new UsageError('say which service: goblin db psql <service>');
  const [place] = await servicePlaces(project, [name], context.io.env);
  await using database = await openPlace(project, place!);
  const { env } = database.psql();
  const child = spawn('psql', args, { stdio: 'inherit', env: { ...process.env, ...env } });
  // Ctrl-C is psql's: it ends a statement there.
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  try {
    const [code] = await once(child, 'exit');
    return code ?? 1;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new GoblinError('NOT_FOUND', {
      message:
        'psql is not installed: on Debian and Ubuntu apt install postgresql-client, on macOS brew install libpq',
    });
  } finally {
    process.off('SIGINT', ignore);
  }
}
