/** The statements of a file, parsed by PostgreSQL's own parser (libpg_query, compiled to WebAssembly). It is loaded when it is
 * first used, in about 40 ms: a service that has nothing to apply never loads it. */
import type { Node, ParseResult, SqlError } from 'libpg-query';
import { lineAt } from '../directives.ts';

export interface ParsedStatement {
  readonly node: Node;
  /** From the end of the one before, so with the comments that stand above it, to its end. */
  readonly start: number;
  readonly end: number;
  /** Where it begins, from 1. */
  readonly line: number;
  readonly text: string;
}

/** The text is not SQL. */
export class NotSql extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** @throws NotSql */
export async function parseStatements(sql: string): Promise<ParsedStatement[]> {
  const { loadModule, parseSync } = await import('libpg-query');
  await loadModule();
  let result: ParseResult;
  try {
    result = parseSync(sql);
  } catch (error) {
    const { message, sqlDetails } = error as SqlError;
    throw new NotSql(message, lineAt(sql, sqlDetails?.cursorPosition ?? 0));
  }
  // The parser counts bytes.
  const bytes = Buffer.from(sql);
  const indexOf = (byte: number): number => bytes.toString('utf8', 0, byte).length;
  let start = 0;
  return (result.stmts ?? []).map(({ stmt, stmt_location = 0, stmt_len }) => {
    const begin = indexOf(stmt_location);
    const end = stmt_len ? indexOf(stmt_location + stmt_len) : sql.length;
    const text = withoutLeadingComments(sql.slice(begin, end));
    const statement = { node: stmt as Node, start, end, line: lineAt(sql, end - text.length), text };
    start = end;
    return statement;
  });
}

function withoutLeadingComments(text: string): string {
  return text.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, '');
}
