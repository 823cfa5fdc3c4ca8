/** A query string, and after a mark the JSON that is written: refused by a code of PostgREST, or made into statements in which
 * every word is known, every name is one of the catalog, and every value is a parameter. */
import { isGoblinError } from '@goblin/core';
import { statementsOf, strangerIn } from '../src/fixtures/rest-statements.ts';
import { MAX_TERMS } from '../src/rest/bounds.ts';
import { RestError } from '../src/rest/rest-error.ts';

export const name = 'rest';

const MARK = '\u0000';
/** Each term binds a few values in each of a few places. */
const MAX_VALUES = 40 * MAX_TERMS;

export function seeds(): Uint8Array[] {
  return [
    'select=id,total:id,kind:data->>kind,n:data->lines->0->n,note::text,customer!inner(name,payment(id))&id=gte.100',
    'select=*,...customer(who:name)&customer.name=like.A*&order=note.desc.nullslast,id&limit=20&offset=40',
    'or=(id.eq.1,not.and(note.is.null,refunded.is.true),tags.cs.{a,"b"})&note=not.in.(a,"b,c",d)',
    'note=fts(english).a %26 !b&words=wfts.x&note=like(any).{a*,b*}&valid=ov.[2026-01-01,2026-02-01)',
    'select=id,"a \\"$1\\" b",customer!payment_customer(*)&customer.order=id&customer.limit=1&raw->a=eq.1',
    `columns=id,note&on_conflict=id${MARK}[{"id":1,"note":"x"},{"id":2}]`,
    `id=eq.1&select=id${MARK}{"note":"$1","data":{"a":[1.25]}}`,
  ].map((text) => Buffer.from(text));
}

export function run(bytes: Uint8Array): string {
  const [search = '', json] = Buffer.from(bytes).toString().split(MARK);
  try {
    const statements = statementsOf(search, json === undefined ? undefined : parsed(json));
    for (const statement of statements) {
      const stranger = strangerIn(statement);
      if (stranger !== undefined) throw new Error(`${JSON.stringify(stranger)} stands in ${statement.text}`);
      if (statement.values.length > MAX_VALUES)
        throw new Error(`${statement.values.length} values are bound`);
    }
    return shapeOf(statements[0]!.text);
  } catch (error) {
    if (error instanceof RestError) return error.restCode;
    if (isGoblinError(error)) return error.code;
    throw error;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The words of a statement, each once. */
function shapeOf(text: string): string {
  return [...new Set(text.match(/[a-z_]{3,}|[@<>&~|-]+/g))].sort().join(' ');
}
