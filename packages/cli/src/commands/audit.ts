/** `goblin audit verify`, `goblin audit search --actor ada`, `goblin audit export > trail.jsonl`, `goblin audit key` */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { GoblinError } from '@goblin/core';
import {
  type AuditEntry,
  type AuditPlace,
  type AuditReport,
  auditOwners,
  auditPlace,
  type Database,
  formatAudit,
  publicKey,
  readAudit,
  searchAudit,
  verifyAudit,
} from '@goblin/data';
import { type CommandContext, UsageError } from '../command.ts';
import { processConfig } from '../run/process.ts';
import { auditFilterOf, wholeNumber } from '../services/audit-filter.ts';
import { projectDatabase } from '../services/project-database.ts';
import { coloursFor } from '../terminal/colours.ts';
import { progressOf } from '../terminal/progress.ts';
import { columns } from '../terminal/text.ts';

const DEFAULT_LISTED = 50;

export async function run(context: CommandContext): Promise<number | void> {
  const [what] = context.positionals;
  const project = await context.project();
  const place = auditPlace(project.dataFolder, processConfig('goblin', project, [], context.io.env).read);
  if (what === 'key') return printKey(context, place);
  if (what !== 'verify' && what !== 'search' && what !== 'export')
    throw new UsageError('say what to do: goblin audit verify, search, export or key');
  await using db = await projectDatabase(project, context.io.env);
  switch (what) {
    case 'verify':
      return await verify(context, db, place);
    case 'search':
      return await search(context, db);
    case 'export':
      return await exportAll(context, db);
  }
}

async function printKey(context: CommandContext, place: AuditPlace): Promise<void> {
  const key = await place.publicKey();
  if (!key) {
    throw new GoblinError('NOT_FOUND', {
      message: 'there is no key yet: it is made when the first entry of an audit trail is signed',
    });
  }
  if (context.flag('json')) context.printJson({ id: key.id, pem: key.pem });
  else context.print(key.pem.trimEnd());
}

async function verify(context: CommandContext, db: Database, place: AuditPlace): Promise<number> {
  const owner = context.text('service');
  const owners = owner === undefined ? await auditOwners(db) : [owner];
  const file = context.text('checkpoints') ?? place.checkpoints;
  const hasFile = context.text('checkpoints') !== undefined || existsSync(file);
  const key = await keyOf(context, place);
  const reports: AuditReport[] = [];
  const progress = progressOf(context);
  const from = wholeNumber(context, 'from');
  const to = wholeNumber(context, 'to');
  try {
    for (const name of owners) {
      reports.push(
        await verifyAudit(db, {
          owner: name,
          ...(key && { keys: [key] }),
          ...(hasFile && { checkpointsFile: file }),
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
          progress: (verified) => progress.show(`verifying ${name}`, verified, undefined),
        }),
      );
    }
  } finally {
    progress.close();
  }
  if (context.flag('json')) context.printJson(reports);
  else {
    context.print(reports.length === 0 ? 'there is no audit trail' : reportLines(context, reports));
    if (reports.length > 0 && !key) context.print('no key was found: signatures were not looked at');
    if (reports.length > 0 && !hasFile)
      context.print('no file of checkpoints was found: whether an end was cut off cannot be known');
  }
  return reports.some(({ damage }) => damage) ? 1 : 0;
}

async function keyOf(context: CommandContext, place: AuditPlace): ReturnType<AuditPlace['publicKey']> {
  const file = context.text('key');
  if (file === undefined) return place.publicKey();
  const pem = await readFile(file, 'utf8').catch((cause) => {
    throw new GoblinError('NOT_FOUND', { message: `the key cannot be read: ${cause.message}`, cause });
  });
  return publicKey(pem, file);
}

function reportLines(context: CommandContext, reports: readonly AuditReport[]): string {
  const { bold, red, green, dim } = coloursFor(context.io.stdout, context.io.env);
  return columns(
    reports.map(({ owner, damage, verified, last, signedTo, unchained }) => [
      bold(owner),
      damage ? red(damage.kind) : green('whole'),
      damage
        ? `${damage.message}; ${verified} entries before are in order`
        : dim(
            `${verified} entries, signed ${signedTo === last ? 'to the end' : `to ${signedTo} of ${last}`}, ${unchained} not chained yet`,
          ),
    ]),
  );
}

async function search(context: CommandContext, db: Database): Promise<void> {
  const limit = wholeNumber(context, 'limit') ?? DEFAULT_LISTED;
  const after = wholeNumber(context, 'after');
  const page = { limit, ...(after !== undefined && { after }) };
  const { entries, next } = await searchAudit(db, auditFilterOf(context), page);
  if (context.flag('json')) return context.printJson({ entries, next });
  if (entries.length === 0) return context.print('no entry matches');
  const { dim } = coloursFor(context.io.stdout, context.io.env);
  const rows = entries.map((entry) => rowOf(entry));
  context.print(columns([['AT', 'ACTOR', 'ACTION', 'SUBJECT', 'REASON AND CHANGE'].map(dim), ...rows]));
  if (next !== undefined) context.print(dim(`older ones: --after ${next}`));
}

function rowOf({ at, actor, tenant, action, subject, reason, before, after }: AuditEntry): string[] {
  const who = `${actor ?? '-'}${tenant === null ? '' : ` (${tenant})`}`;
  const change = [before, after].map((value) => (value === undefined ? '' : JSON.stringify(value)));
  const what = change.join('') === '' ? '' : change.join(' → ').trim();
  const why = reason === null ? '' : JSON.stringify(reason);
  return [`${at.slice(0, 19)}Z`, who, action, `${subject.type}/${subject.id}`, `${why} ${what}`.trim()];
}

async function exportAll(context: CommandContext, db: Database): Promise<void> {
  const format = context.text('format') ?? 'jsonl';
  if (format !== 'jsonl' && format !== 'csv')
    throw new UsageError(`--format is jsonl or csv, not ${JSON.stringify(format)}`);
  const filter = auditFilterOf(context);
  const { stdout } = context.io;
  // One moment, so that the chain in it has no gap.
  await db.transaction(
    async (tx) => {
      for await (const line of formatAudit(readAudit(tx, filter), format))
        if (stdout.write(line) === false && stdout === process.stdout) await once(process.stdout, 'drain');
    },
    { isolation: 'repeatable read' },
  );
}
