/** JSON with one form for each value, so that it can be hashed: the JSON Canonicalization Scheme (RFC 8785). Keys stand in
 * the order of their UTF-16 units, numbers as ECMAScript writes them, nothing stands between the tokens. */
import { GoblinError } from '@goblin/core';

/** Deeper nested values than this are refused. */
const MAX_DEPTH = 100;

/** @param value what JSON.parse gives. @throws INVALID_INPUT for what JSON cannot hold */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw refused(`is nested deeper than ${MAX_DEPTH} levels`);
  switch (typeof value) {
    case 'boolean':
      return String(value);
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value);
      throw refused(`holds ${value}, which JSON has no form for`);
    case 'string':
      return text(value);
    case 'object':
      break;
    default:
      throw refused(`holds a ${typeof value}, which JSON has no form for`);
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${text(key)}:${write((value as Record<string, unknown>)[key], depth + 1)}`);
  return `{${members.join(',')}}`;
}

function text(value: string): string {
  if (value.isWellFormed()) return JSON.stringify(value);
  throw refused('holds half of a surrogate pair, which no UTF-8 text can hold');
}

function refused(problem: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message: `the value ${problem}` });
}
