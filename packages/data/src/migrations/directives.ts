/** Comments in migrations that are for us, each a line of its own that begins with `-- goblin:`
 *
 * - `-- goblin: no transaction`: the file's one statement runs outside of a transaction, as CREATE INDEX CONCURRENTLY must.
 * - `-- goblin: backfill table=account key=id batch=1000`: how the rows of a backfill are walked through.
 * - `-- goblin: allow <rule>: <reason>`: before or within a statement, for the linter.
 *
 * One that is none of these is an error, so that a slip of the pen is not taken for a comment. */

const LINE = /^[ \t]*--[ \t]*goblin:[ \t]*(.*?)[ \t]*$/gm;
const ALLOW = /^allow ([a-z-]+)[ \t]*:[ \t]*(.*)$/;
const NO_TRANSACTION = 'no transaction';
const BACKFILL = /^backfill((?:[ \t]+[a-z]+=[^ \t]+)+)$/;
const NAMES = new Set(['table', 'key', 'batch']);
/** Not the type in `x::first`. */
const FIRST = /(?<!:):first\b/g;
const LAST = /(?<!:):last\b/g;
const TABLE = /^(?:[a-z_][a-z0-9_$]*\.)?[a-z_][a-z0-9_$]*$/;
const COLUMN = /^[a-z_][a-z0-9_$]*$/;

export const DEFAULT_BATCH_ROWS = 1_000;
export const MAX_BATCH_ROWS = 50_000;

export interface BackfillDirective {
  /** `account`, or `other.account`. */
  readonly table: string;
  /** A column with an index that begins with it, and no nulls. */
  readonly key: string;
  /** Rows at once, at most. */
  readonly batch: number;
}

export interface Header {
  readonly inTransaction: boolean;
  readonly backfill: BackfillDirective | undefined;
}

export interface AllowDirective {
  readonly rule: string;
  readonly reason: string;
  /** Where it stands in the text. */
  readonly index: number;
}

/** @throws Error with the line, and what would be right. */
export function headerOf(sql: string, kind: string): Header {
  let inTransaction = true;
  let backfill: BackfillDirective | undefined;
  for (const { index, text } of directivesOf(sql)) {
    const problem = (what: string): Error => new Error(`line ${lineAt(sql, index)}: ${what}`);
    if (text === NO_TRANSACTION) inTransaction = false;
    else if (BACKFILL.test(text)) {
      if (kind !== 'backfill')
        throw problem('a backfill needs a file of its own, named like 0004_fill_email.backfill.sql');
      backfill = readBackfill(text, problem);
    } else if (!ALLOW.test(text)) {
      throw problem(
        `-- goblin: ${text} is not known: write \`no transaction\`, \`backfill table=… key=… batch=…\` or \`allow <rule>: <reason>\``,
      );
    }
  }
  if (kind === 'backfill' && !backfill) {
    throw new Error(
      'line 1: a backfill begins with a line like -- goblin: backfill table=account key=id batch=1000',
    );
  }
  if (backfill && !inTransaction) throw new Error('line 1: each batch of a backfill is a transaction');
  if (backfill && (sql.search(FIRST) < 0 || sql.search(LAST) < 0)) {
    throw new Error(
      `line 1: the statement of a backfill says which rows a batch has: where ${backfill.key} between :first and :last`,
    );
  }
  return { inTransaction, backfill };
}

export function allowsOf(sql: string): AllowDirective[] {
  return directivesOf(sql).flatMap(({ index, text }) => {
    const [, rule, reason] = ALLOW.exec(text) ?? [];
    return rule === undefined ? [] : [{ rule, reason: reason!, index }];
  });
}

export function lineAt(sql: string, index: number): number {
  return sql.slice(0, index).split('\n').length;
}

/** Puts something in the place of `:first` and `:last`. */
export function withBounds(sql: string, first: string, last: string): string {
  return sql.replaceAll(FIRST, first).replaceAll(LAST, last);
}

function directivesOf(sql: string): { index: number; text: string }[] {
  return [...sql.matchAll(LINE)].map(({ index, 1: text }) => ({ index, text: text! }));
}

function readBackfill(text: string, problem: (what: string) => Error): BackfillDirective {
  const values = new Map(
    BACKFILL.exec(text)![1]!
      .trim()
      .split(/[ \t]+/)
      .map((pair) => pair.split('=', 2) as [string, string]),
  );
  for (const name of values.keys())
    if (!NAMES.has(name)) throw problem(`a backfill has table=, key= and batch=, and no ${name}=`);
  const table = values.get('table') ?? '';
  const key = values.get('key') ?? '';
  const batch = Number(values.get('batch') ?? DEFAULT_BATCH_ROWS);
  if (!TABLE.test(table)) throw problem('table= names the table whose rows are walked through');
  if (!COLUMN.test(key)) throw problem('key= names the one column by whose order they are');
  if (!Number.isInteger(batch) || batch < 1 || batch > MAX_BATCH_ROWS)
    throw problem(`batch= is a number of rows from 1 to ${MAX_BATCH_ROWS}`);
  return { table, key, batch };
}
