/** A field of a request as an expression, with what it can be asked. */
import type { Nature } from './catalog.ts';
import type { Field } from './query.ts';
import { RestError } from './rest-error.ts';
import { columnOf, type Source, type SqlScope } from './source.ts';

export interface Operand {
  readonly sql: string;
  /** As SQL. */
  readonly type: string;
  readonly nature: Nature;
  readonly comparable: boolean;
  /** For messages. */
  readonly name: string;
}

/** @throws INVALID_INPUT when there is no such column, or nothing inside of it */
export function operandOf({ column: name, path }: Field, source: Source, scope: SqlScope): Operand {
  const { anyType: type, nature, comparable } = columnOf(source.table, name);
  const ref = source.ref(name);
  if (path.length === 0) {
    // The type json has no operators, and jsonb has them all.
    if (nature === 'json' && !comparable)
      return { sql: `to_jsonb(${ref})`, type: 'jsonb', nature, comparable: true, name };
    return { sql: ref, type, nature, comparable, name };
  }
  if (nature !== 'json' && nature !== 'array')
    throw unfit(name, type, 'has nothing inside: -> is for JSON and arrays');
  const steps = path.map(
    ({ key, asText }) =>
      `${asText ? '->>' : '->'} ${scope.bind(key, typeof key === 'number' ? 'integer' : 'text')}`,
  );
  const sql = `(to_jsonb(${ref}) ${steps.join(' ')})`;
  return path.at(-1)!.asText
    ? { sql, type: 'text', nature: 'text', comparable: true, name }
    : { sql, type: 'jsonb', nature: 'json', comparable: true, name };
}

/** The request asks something of a column that its type does not have. */
export function unfit(name: string, type: string, why: string): RestError {
  return new RestError('INVALID_INPUT', '42883', `the column ${name} (${type}) ${why}`);
}
