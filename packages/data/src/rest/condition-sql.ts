/** Conditions as SQL. Whether an operator fits the type of its column is asked of the catalog first, so that the database
 * has nothing to refuse but values. */
import type { Catalog, Nature } from './catalog.ts';
import { type Operand, operandOf, unfit } from './operand.ts';
import type { Comparison, Condition, Test, Truth } from './query.ts';
import { RestError } from './rest-error.ts';
import type { Source, SqlScope } from './source.ts';
import { isSearchQuery } from './text-search.ts';

export function conditionsSql(
  conditions: readonly Condition[],
  source: Source,
  scope: SqlScope,
  catalog: Catalog,
): string[] {
  return conditions.map((condition) => conditionSql(condition, source, scope, catalog));
}

function conditionSql(condition: Condition, source: Source, scope: SqlScope, catalog: Catalog): string {
  const not = condition.negated ? 'not ' : '';
  if (condition.kind === 'test') {
    const operand = operandOf(condition.field, source, scope);
    return `${not}(${testSql(operand, condition.test, scope, catalog)})`;
  }
  const parts = conditionsSql(condition.conditions, source, scope, catalog);
  return `${not}(${parts.join(` ${condition.kind} `)})`;
}

function testSql(operand: Operand, test: Test, scope: SqlScope, catalog: Catalog): string {
  const { sql, type, nature, name } = operand;
  if (test.kind === 'is') {
    const words = TRUTHS[test.truth];
    if (!words.endsWith('null') && nature !== 'boolean') throw unfit(name, type, `is neither true nor false`);
    return `${sql} ${words}`;
  }
  if (test.kind === 'in') {
    mustCompare(operand);
    if (nature === 'array') throw unfit(name, type, 'is an array: use cs, cd or ov');
    return `${sql} = any(${scope.bind(test.values, `${type}[]`)})`;
  }
  const { operator, modifier, value } = test;
  const search = SEARCHES[operator];
  if (search) return searchSql(operand, operator, search, modifier, value, scope, catalog);
  const { sign, natures } = OPERATORS[operator]!;
  if (!natures || nature === 'array') mustCompare(operand);
  if (natures && !natures.includes(nature))
    throw unfit(name, type, `does not take ${operator}: that is for ${natures.join(', ')}`);
  const given = PATTERNS.has(operator) ? value.replaceAll('*', '%') : value;
  if (modifier === undefined) return `${sql} ${sign} ${scope.bind(given, type)}`;
  if (!['any', 'all'].includes(modifier) || !QUANTIFIED.has(operator))
    throw new RestError('INVALID_INPUT', 'PGRST100', `${operator} does not take (${modifier})`);
  if (nature === 'array') throw unfit(name, type, `is an array, and does not take (${modifier})`);
  return `${sql} ${sign} ${modifier}(${scope.bind(given, `${type}[]`)})`;
}

function mustCompare({ name, type, comparable }: Operand): void {
  if (!comparable) throw unfit(name, type, 'cannot be compared');
}

function searchSql(
  { sql, type, nature, name }: Operand,
  operator: Comparison,
  search: string,
  config: string | undefined,
  value: string,
  scope: SqlScope,
  catalog: Catalog,
): string {
  if (!SEARCHABLE.includes(nature))
    throw unfit(name, type, `cannot be searched: that is for ${SEARCHABLE.join(', ')}`);
  if (config !== undefined && !catalog.textSearches.has(config))
    throw new RestError(
      'INVALID_INPUT',
      '42704',
      `text search configuration ${JSON.stringify(config)} does not exist`,
    );
  if (operator === 'fts' && !isSearchQuery(value)) {
    throw new RestError('INVALID_INPUT', '42601', `syntax error in tsquery: ${JSON.stringify(value)}`, {
      hint: 'write cat & dog | !bird, or use plfts, phfts or wfts for plain words',
    });
  }
  const using = config === undefined ? '' : `${scope.bind(config, 'regconfig')}, `;
  const vector = nature === 'tsvector' ? sql : `to_tsvector(${using}${sql})`;
  return `${vector} @@ ${search}(${using}${scope.bind(value, 'text')})`;
}

const SEARCHABLE: readonly Nature[] = ['tsvector', 'text', 'json'];

const SEARCHES: Readonly<Partial<Record<Comparison, string>>> = {
  fts: 'to_tsquery',
  plfts: 'plainto_tsquery',
  phfts: 'phraseto_tsquery',
  wfts: 'websearch_to_tsquery',
};

const TRUTHS: Readonly<Record<Truth, string>> = {
  null: 'is null',
  not_null: 'is not null',
  true: 'is true',
  false: 'is false',
  unknown: 'is unknown',
};

/** Without `natures`: for whatever can be compared. */
const OPERATORS: Readonly<Partial<Record<Comparison, { sign: string; natures?: readonly Nature[] }>>> = {
  eq: { sign: '=' },
  neq: { sign: '<>' },
  gt: { sign: '>' },
  gte: { sign: '>=' },
  lt: { sign: '<' },
  lte: { sign: '<=' },
  isdistinct: { sign: 'is distinct from' },
  like: { sign: 'like', natures: ['text'] },
  ilike: { sign: 'ilike', natures: ['text'] },
  match: { sign: '~', natures: ['text'] },
  imatch: { sign: '~*', natures: ['text'] },
  cs: { sign: '@>', natures: ['array', 'range', 'json'] },
  cd: { sign: '<@', natures: ['array', 'range', 'json'] },
  ov: { sign: '&&', natures: ['array', 'range'] },
  sl: { sign: '<<', natures: ['range'] },
  sr: { sign: '>>', natures: ['range'] },
  nxr: { sign: '&<', natures: ['range'] },
  nxl: { sign: '&>', natures: ['range'] },
  adj: { sign: '-|-', natures: ['range'] },
};

const PATTERNS: ReadonlySet<Comparison> = new Set<Comparison>(['like', 'ilike']);

const QUANTIFIED: ReadonlySet<Comparison> = new Set<Comparison>([
  'eq',
  'gt',
  'gte',
  'lt',
  'lte',
  'like',
  'ilike',
  'match',
  'imatch',
]);
