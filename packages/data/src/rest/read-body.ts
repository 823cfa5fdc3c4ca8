/** What a request wants to write: JSON whose keys are columns. */
import type { ErrorCode } from '@goblin/core';
import { MAX_BODY_BYTES, MAX_JSON_DEPTH } from './bounds.ts';
import type { Table } from './catalog.ts';
import type { Preferences } from './preferences.ts';
import type { Query } from './query.ts';
import { RestError } from './rest-error.ts';
import { columnOf } from './source.ts';
import type { Change, Conflict, Shape } from './statement.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** The body of an insert or update. @throws INVALID_INPUT, PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE */
export async function readBody(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'application/json';
  if (type !== 'application/json')
    throw bodyError(`Content-Type not acceptable: ${type}`, 'UNSUPPORTED_MEDIA_TYPE');
  const text = await request.text();
  if (Buffer.byteLength(text) > MAX_BODY_BYTES)
    throw bodyError(`the body has more than ${MAX_BODY_BYTES} bytes`, 'PAYLOAD_TOO_LARGE');
  const body = parsed(text);
  if (isDeeper(body, MAX_JSON_DEPTH)) throw bodyError(`the body is nested more than ${MAX_JSON_DEPTH} deep`);
  return body;
}

/** https://tc39.es/proposal-json-parse-with-source, which TypeScript's library does not know yet. */
interface JsonWithSource {
  parse(text: string, revive: (key: string, value: unknown, token: { source: string }) => unknown): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
}

const exactJson = JSON as unknown as JsonWithSource;

/** Numbers that JavaScript would round stay as they were written. */
function parsed(text: string): unknown {
  try {
    return exactJson.parse(text, (_key, value, { source }) =>
      typeof value === 'number' && !Number.isSafeInteger(value) ? exactJson.rawJSON(source) : value,
    );
  } catch {
    throw bodyError('Empty or invalid json');
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (!isObject(value) && !Array.isArray(value)) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !exactJson.isRawJSON(value);
}

/** @throws INVALID_INPUT for what is no object, no column or cannot be written */
export function insertOf(
  body: unknown,
  query: Query,
  table: Table,
  preferences: Preferences,
  maxRows: number,
): Change {
  const objects = Array.isArray(body) ? body : [body];
  if (!objects.every(isObject)) throw bodyError('an insert takes an object, or an array of objects');
  if (objects.length > maxRows)
    throw bodyError(
      `${objects.length} objects are given, and ${maxRows} at most are taken`,
      'PAYLOAD_TOO_LARGE',
    );
  const { missingDefault } = preferences;
  const shapes = query.columns
    ? shaped(objects, (object) =>
        query.columns!.filter((name) => !missingDefault || Object.hasOwn(object, name)),
      )
    : shaped(objects, Object.keys);
  if (!missingDefault && shapes.length > 1) throw bodyError('All object keys must match');
  for (const { columns, objects: alike } of shapes) {
    mustBeWritable(table, columns);
    if (columns.length === 0 && alike.length > 1) throw bodyError('an object without keys is inserted alone');
  }
  return { kind: 'insert', shapes, conflict: conflictOf(query, table, preferences) };
}

/** @throws as insertOf */
export function updateOf(body: unknown, query: Query, table: Table): Change {
  if (!isObject(body)) throw bodyError('an update takes an object');
  const keys = Object.keys(body).filter((key) => query.columns?.includes(key) ?? true);
  mustBeWritable(table, keys);
  return { kind: 'update', values: Object.fromEntries(keys.map((key) => [key, body[key]])) };
}

/** Puts objects with the same columns together. */
function shaped(objects: readonly JsonObject[], columnsOf: (object: JsonObject) => string[]): Shape[] {
  const shapes = new Map<string, { columns: string[]; objects: JsonObject[] }>();
  for (const object of objects) {
    const columns = columnsOf(object).sort();
    const key = JSON.stringify(columns);
    const shape = shapes.get(key);
    if (shape) shape.objects.push(object);
    else shapes.set(key, { columns, objects: [object] });
  }
  return [...shapes.values()];
}

function mustBeWritable(table: Table, columns: readonly string[]): void {
  for (const name of columns)
    if (!columnOf(table, name).writable)
      throw new RestError('INVALID_INPUT', '428C9', `the column ${name} of ${table.name} cannot be written`);
}

function conflictOf(query: Query, table: Table, { resolution }: Preferences): Conflict | undefined {
  if (!resolution) return undefined;
  const columns = query.onConflict ?? table.primaryKey;
  for (const name of columns) columnOf(table, name);
  const isUnique = table.uniques.some(
    (unique) => unique.length === columns.length && unique.every((name) => columns.includes(name)),
  );
  // Doing nothing needs no rule; merging does.
  if (isUnique || (resolution === 'ignore' && columns.length === 0)) return { columns, resolution };
  throw new RestError(
    'INVALID_INPUT',
    '42P10',
    'there is no unique or exclusion constraint matching the ON CONFLICT specification',
    { hint: `name the columns of a unique rule of ${table.name} in on_conflict` },
  );
}

function bodyError(message: string, code: ErrorCode = 'INVALID_INPUT'): RestError {
  return new RestError(code, 'PGRST102', message);
}
