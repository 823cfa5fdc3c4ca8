/** What a request's headers ask for: the form of the answer, how much of it, and what to tell of it.
 * https://docs.postgrest.org/en/stable/references/api/preferences.html */
import type { Form } from './read-sql.ts';
import { RestError } from './rest-error.ts';

export interface Preferences {
  /** `return=representation`: answer with the rows as they have become. */
  readonly representation: boolean;
  readonly count: 'exact' | 'planned' | 'estimated' | undefined;
  readonly resolution: 'merge' | 'ignore' | undefined;
  /** `missing=default`: a key that an object leaves out is the column's default, not null. */
  readonly missingDefault: boolean;
  /** `max-affected`, where it is strict. */
  readonly maxAffected: number | undefined;
  /** What was understood, for `Preference-Applied`. */
  readonly applied: readonly string[];
}

const KNOWN =
  /^(return=(representation|minimal)|count=(exact|planned|estimated)|resolution=(merge|ignore)-duplicates|missing=(default|null)|handling=(strict|lenient)|tx=commit|max-affected=\d{1,9})$/;

/** Preferences that are not known are passed over. @throws INVALID_INPUT (PGRST122) for them where handling is strict */
export function readPreferences(headers: Headers): Preferences {
  const words = (headers.get('prefer') ?? '').split(',').map((word) => word.trim().toLowerCase());
  const values = new Map<string, string>();
  // The first one counts (RFC 7240, 2).
  for (const word of words) {
    const [name = '', value = ''] = word.split('=');
    if (KNOWN.test(word) && !values.has(name)) values.set(name, value);
  }
  const resolution = values.get('resolution')?.replace('-duplicates', '');
  const strict = values.get('handling') === 'strict';
  const unknown = words.filter((word) => word !== '' && !KNOWN.test(word));
  if (strict && unknown.length > 0) {
    throw new RestError('INVALID_INPUT', 'PGRST122', 'Invalid preferences given with handling=strict', {
      details: `Invalid preferences: ${unknown.join(', ')}`,
    });
  }
  return {
    representation: values.get('return') === 'representation',
    count: values.get('count') as Preferences['count'],
    resolution: resolution as Preferences['resolution'],
    missingDefault: values.get('missing') === 'default',
    maxAffected: strict && values.has('max-affected') ? Number(values.get('max-affected')) : undefined,
    applied: [...values].map(([name, value]) => `${name}=${value}`),
  };
}

/** What the answer is. */
export interface Medium {
  readonly form: Form;
  /** Exactly one row, as an object. */
  readonly single: boolean;
  readonly contentType: string;
}

const OBJECT = 'application/vnd.pgrst.object+json';
const ARRAY = 'application/vnd.pgrst.array+json';
const CSV = 'text/csv';
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*', ARRAY]);

/** @throws 406 (PGRST107) when none of what is accepted is known */
export function readMedium(headers: Headers): Medium {
  const accept = headers.get('accept') ?? '*/*';
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((word) => word.trim().toLowerCase());
    const form: Form = parameters.includes('nulls=stripped') ? 'json without nulls' : 'json';
    if (JSON_TYPES.has(type)) return { form, single: false, contentType: 'application/json; charset=utf-8' };
    if (type === OBJECT || type === 'application/vnd.pgrst.object')
      return { form, single: true, contentType: `${OBJECT}; charset=utf-8` };
    if (type === CSV || type === 'text/*')
      return { form: 'csv', single: false, contentType: `${CSV}; charset=utf-8` };
  }
  throw new RestError('INVALID_INPUT', 'PGRST107', `None of these media types are available: ${accept}`, {
    status: 406,
    hint: `ask for application/json, ${CSV} or ${OBJECT}`,
  });
}

/** Rows by `Range: 20-39`: the first one's place and how many; undefined when the header asks for nothing we know. */
export function readRange(
  headers: Headers,
): { readonly offset: number; readonly limit: number | undefined } | undefined {
  const unit = headers.get('range-unit') ?? 'items';
  const [, first, last] =
    /^(?:items=)?(\d{1,15})-(\d{1,15})?$/.exec(headers.get('range')?.trim() ?? '') ?? [];
  if (unit !== 'items' || first === undefined) return undefined;
  const offset = Number(first);
  if (last === undefined) return { offset, limit: undefined };
  if (Number(last) < offset)
    throw new RestError('INVALID_INPUT', 'PGRST103', 'Requested range not satisfiable', { status: 416 });
  return { offset, limit: Number(last) - offset + 1 };
}

/** Clients may name the schema they mean. @throws 406 (PGRST106) when it is another one */
export function checkProfile(headers: Headers, schema: string): void {
  for (const name of ['accept-profile', 'content-profile']) {
    const profile = headers.get(name) ?? schema;
    if (profile === schema) continue;
    throw new RestError('INVALID_INPUT', 'PGRST106', `Invalid schema: ${profile}`, {
      status: 406,
      hint: `Only the following schemas are exposed: ${schema}`,
    });
  }
}
