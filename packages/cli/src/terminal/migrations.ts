/** Migrations as text: where they stand, what is left, and what the linter found. */
import { relative } from 'node:path';
import type { LintFinding, MigrationView, PlannedMigration } from '@goblin/data';
import type { Colours } from './colours.ts';

const WHEN = {
  start: 'with goblin db migrate, or when the service starts',
  background: 'in batches, beside the service',
  contract: 'when you say goblin db migrate --contract',
} as const;

/** A row of `goblin db status`. */
export function statusRow(view: MigrationView, colours: Colours): string[] {
  const colour = {
    applied: colours.green,
    pending: colours.yellow,
    filling: colours.cyan,
    drifted: colours.red,
    missing: colours.dim,
  }[view.state];
  return [`  ${view.name}`, view.kind ?? '-', colour(view.state), detail(view)];
}

function detail({ state, kind, appliedAt, progress }: MigrationView): string {
  switch (state) {
    case 'filling':
      return progress ? progressText(progress) : '';
    case 'pending':
      return kind === 'contract' ? 'when you say goblin db migrate --contract' : '';
    case 'drifted':
      return 'the file was changed after it was applied: put it back as it was';
    case 'missing':
      return 'applied by another version';
    case 'applied':
      return appliedAt?.toISOString().slice(0, 19).replace('T', ' ') ?? '';
  }
}

function progressText({
  rows,
  estimatedRows,
  rowsPerSecond,
  held,
}: NonNullable<MigrationView['progress']>): string {
  const of = estimatedRows ? ` of about ${estimatedRows} (${share(rows, estimatedRows)})` : '';
  return `${rows} rows${of}, ${rowsPerSecond.toFixed(0)}/s${held === undefined ? '' : `, holds still: ${held}`}`;
}

function share(rows: number, total: number): string {
  return `${Math.min(99, Math.floor((rows / total) * 100))} %`;
}

/** A file of `goblin db plan`. @param folder of the project */
export function planLines(
  { name, kind, when, inTransaction, statements, findings }: PlannedMigration,
  folder: string,
  colours: Colours,
): string[] {
  const { cyan, dim, yellow } = colours;
  const transaction = kind === 'backfill' || inTransaction ? '' : ', outside of a transaction';
  return [
    `  ${cyan(name)}  ${dim(`${WHEN[when]}${transaction}`)}`,
    ...statements.flatMap(({ text, locks }) => [
      `    ${text.replace(/\s+/g, ' ').slice(0, 100)}`,
      ...locks.map((lock) => `      ${dim(lock)}`),
    ]),
    ...findings.flatMap((finding) => findingLines(finding, folder, yellow).map((line) => `    ${line}`)),
  ];
}

/** @param folder of the project */
export function findingLines(
  { file, line, rule, problem, rewrite }: LintFinding,
  folder: string,
  colour: (text: string) => string,
): string[] {
  return [
    `${relative(folder, file)}:${line} ${colour(rule)}: ${problem}`,
    ...rewrite.split('\n').map((text) => `    ${text}`),
  ];
}
