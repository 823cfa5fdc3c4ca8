/** `goblin backup now`, `goblin backup list` and `goblin backup verify` */

import { GoblinError } from '@goblin/core';
import {
  attachOrStart,
  type BackupRecord,
  type BackupStep,
  backupNamed,
  backupState,
  listBackups,
  takeBackup,
  type VerifyStep,
  verifyBackup,
} from '@goblin/data';
import { type CommandContext, UsageError } from '../command.ts';
import { type BackupPlaces, commandPlaces } from '../services/backups.ts';
import { type Colours, coloursFor } from '../terminal/colours.ts';
import { megabytes, type Progress, withProgress } from '../terminal/progress.ts';
import { columns } from '../terminal/text.ts';

const UNTOUCHED = 'everything is as it was before';
const STEPS: Readonly<Record<BackupStep | VerifyStep, string>> = {
  copy: 'copying the files',
  log: 'waiting for the log',
  count: 'counting rows',
  fetch: 'restoring the files',
  'fetch log': 'restoring the log',
  replay: 'replaying the log',
  check: 'checking tables and indexes',
};

export async function run(context: CommandContext): Promise<number> {
  const [action, ...names] = context.positionals;
  if (action !== 'now' && action !== 'list' && action !== 'verify')
    throw new UsageError('say what to do: goblin backup now, list or verify');
  await using places = await commandPlaces(context, await context.project());
  switch (action) {
    case 'now':
      return await withProgress(context, UNTOUCHED, (progress, signal) =>
        makeOne(context, places, progress, signal),
      );
    case 'list':
      return list(context, await listBackups(places.vault));
    case 'verify':
      return await withProgress(context, UNTOUCHED, (progress, signal) =>
        verify(context, places, names, progress, signal),
      );
  }
}

async function makeOne(
  context: CommandContext,
  places: BackupPlaces,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const { folder, vault } = places;
  if (places.isNew) context.io.stderr.write(keyHint(places, coloursFor(context.io.stderr, context.io.env)));
  const server = await attachOrStart(folder);
  let record: BackupRecord;
  try {
    record = await takeBackup(
      { server, vault },
      { signal, onProgress: (step, done, total) => progress.show(STEPS[step], done, total, 'bytes') },
    );
  } finally {
    await server.release();
  }
  return context.flag('verify') === false
    ? report(context, [record], progress)
    : report(context, [await verifyOne(places, record, progress, signal)], progress);
}

async function verify(
  context: CommandContext,
  places: BackupPlaces,
  names: readonly string[],
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const records = await listBackups(places.vault);
  const wanted = names.length > 0 ? names.map((name) => backupNamed(records, name)) : records.slice(-1);
  if (wanted.length === 0)
    throw new GoblinError('NOT_FOUND', { message: 'there is no backup yet: run goblin backup now' });
  const verified: BackupRecord[] = [];
  for (const record of wanted) verified.push(await verifyOne(places, record, progress, signal));
  return report(context, verified, progress);
}

async function verifyOne(
  { folder, vault, auditKey }: BackupPlaces,
  record: BackupRecord,
  progress: Progress,
  signal: AbortSignal,
): Promise<BackupRecord> {
  return verifyBackup(folder, vault, record, {
    auditKey: await auditKey(),
    signal,
    onProgress: (step, done, total) =>
      progress.show(STEPS[step], done, total, step === 'check' ? undefined : 'bytes'),
  });
}

/** Answers the exit code: 1 when one of them is bad. */
function report(context: CommandContext, records: readonly BackupRecord[], progress: Progress): number {
  progress.close();
  const colours = coloursFor(context.io.stdout, context.io.env);
  if (context.flag('json')) context.printJson(records.map(view));
  else for (const record of records) for (const line of linesOf(record, colours)) context.print(line);
  return records.some((record) => backupState(record) === 'bad') ? 1 : 0;
}

function linesOf(record: BackupRecord, colours: Colours): string[] {
  const { id, dataBytes, storedBytes, endedAt, verification } = record;
  const head = `${colours.bold(id)}  ${stateText(record, colours)}  ${megabytes(dataBytes)}, ${megabytes(storedBytes)} in the store, of ${endedAt}`;
  if (!verification) return [head, colours.dim('not restored yet: goblin backup verify')];
  const { restoreSeconds, checkSeconds, checks } = verification;
  return [
    head,
    ...checks.map(
      ({ name, good, detail }) => `  ${good ? colours.green('ok ') : colours.red('bad')}  ${name}: ${detail}`,
    ),
    `  restored in ${restoreSeconds.toFixed(1)} s, checked in ${checkSeconds.toFixed(1)} s`,
  ];
}

function list(context: CommandContext, records: readonly BackupRecord[]): number {
  if (context.flag('json')) context.printJson(records.map(view));
  else if (records.length === 0) context.print('there is no backup yet: goblin backup now');
  else {
    const colours = coloursFor(context.io.stdout, context.io.env);
    context.print(columns(table(records, colours), ['left', 'left', 'left', 'right', 'right', 'right']));
    for (const line of records.flatMap((record) => faultLines(record, colours))) context.print(line);
  }
  return 0;
}

/** A column for each check that any of them had. */
function table(records: readonly BackupRecord[], colours: Colours): string[][] {
  const checks = new Set(
    records.flatMap(({ verification }) => verification?.checks ?? []).map(({ name }) => name),
  );
  const head = ['BACKUP', 'STATE', 'RESTORES FROM', 'DATA', 'STORED', 'RESTORED IN', ...checks];
  const rows = records.map((record) => [
    record.id,
    stateText(record, colours),
    record.endedAt,
    megabytes(record.dataBytes),
    megabytes(record.storedBytes),
    record.verification ? `${record.verification.restoreSeconds.toFixed(1)} s` : '-',
    ...[...checks].map((name) => {
      const found = record.verification?.checks.find((check) => check.name === name);
      return found ? (found.good ? colours.green('ok') : colours.red('bad')) : colours.dim('-');
    }),
  ]);
  return [head.map((title) => colours.dim(title.toUpperCase())), ...rows];
}

/** Why it is bad. */
function faultLines({ id, verification }: BackupRecord, { red }: Colours): string[] {
  const faults = verification?.checks.filter(({ good }) => !good) ?? [];
  return faults.map(({ name, detail }) => `${id}  ${red(name)}: ${detail}`);
}

/** A record without the counts of all tables. */
function view(record: BackupRecord): object {
  const { tables, version: _, ...rest } = record;
  return { ...rest, state: backupState(record), tables: tables.length };
}

function stateText(record: BackupRecord, colours: Colours): string {
  const state = backupState(record);
  const colour = { good: colours.green, bad: colours.red, unverified: colours.yellow }[state];
  return colour(state);
}

function keyHint({ key, vault }: BackupPlaces, { bold, yellow }: Colours): string {
  return `${yellow(bold('This is the key of the backups.'))} Keep a copy of it in another place, such as a password store:
  ${key.file}
Without it nobody can read what is in ${vault.store.where}, not even you.
`;
}
