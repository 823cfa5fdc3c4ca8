/** A mistake in a file, told so that an editor can jump to it. A mistake behind an anchor is told once, where it is written, however many
 * aliases bring it in. */
import { MAX_PROBLEMS } from './limits.ts';

/** Line and column count from 1, columns in UTF-16 units, as editors do. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  /** What is wrong, by its keys: `rules[2].for`. Empty for a file as a whole. */
  readonly path: string;
  /** A sentence that says what would be right. */
  readonly message: string;
}

/** Takes problems while files are read. */
export interface Report {
  /** How many places are wrong so far. */
  readonly count: number;
  /** Whether something is wrong under one of these keys of a file. */
  concerns(keys: readonly string[]): boolean;
  add(problem: Problem): void;
  /** By file and place, MAX_PROBLEMS at most; one more line says how many others there are. */
  sorted(): readonly Problem[];
}

export function createReport(): Report {
  const problems = new Map<string, Problem>();
  return {
    get count() {
      return problems.size;
    },
    concerns: (keys) => {
      const form = new RegExp(`^(?:${keys.join('|')})(?![\\w-])`);
      return [...problems.values()].some(({ path }) => form.test(path));
    },
    add(problem) {
      const { file, line, column, message } = problem;
      const key = JSON.stringify([file, line, column, message]);
      if (!problems.has(key)) problems.set(key, problem);
    },
    sorted() {
      const all = [...problems.values()].sort(byPlace);
      if (all.length <= MAX_PROBLEMS) return all;
      const { file, line, column } = all[MAX_PROBLEMS]!;
      const message = `and ${all.length - MAX_PROBLEMS} more from here on`;
      return [...all.slice(0, MAX_PROBLEMS), { file, line, column, path: '', message }];
    },
  };
}

function byPlace(one: Problem, other: Problem): number {
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return one.line - other.line || one.column - other.column;
}

/** `palantir/rules.yaml:12:5 rules[2].for: write a duration such as 5m` */
export function problemLine({ file, line, column, path, message }: Problem): string {
  return `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`;
}
