/** What makes two calls the same, so that one answer may serve both: the procedure and the input. Only calls that
 * only read have such a key, because a write that is answered from memory is a write that is lost. */
import { type Call, GoblinError } from '@goblin/core';

/** Deeper inputs have no key. */
const MAX_DEPTH = 32;

export type KeyOf<Request> = (request: Request) => string | undefined;

/** Keys for the calls of procedures that only read: those with `get: true` in their contract, and the idempotent ones
 * that are named here. All other calls have none.
 * @example cached({ ttl: '1m', key: readKey('quote') })
 * The function throws FAILED_PRECONDITION for a call of a procedure that is named here but not idempotent, or a
 * stream. */
export function readKey(...procedures: readonly string[]): KeyOf<Call> {
  const named = new Set(procedures);
  return ({ procedure, input }) => {
    const { name, path, get, idempotent, stream } = procedure;
    if (!get && !named.has(name)) return undefined;
    if (stream || !idempotent) {
      const message = `answers of ${path} cannot be shared: it is ${stream ? 'a stream' : 'not idempotent'}`;
      throw new GoblinError('FAILED_PRECONDITION', { message });
    }
    const parts = [path, ' '];
    return write(input, parts, 0) ? parts.join('') : undefined;
  };
}

/** Writes a value so that different ones are never written the same, whatever order their fields are in. False for
 * what it cannot tell apart, such as instances of classes. */
function write(value: unknown, out: string[], depth: number): boolean {
  if (typeof value === 'string') out.push(JSON.stringify(value));
  else if (typeof value === 'bigint') out.push(`${value}n`);
  else if (value instanceof Date) out.push(`@${value.getTime()}`);
  else if (Object.is(value, -0)) out.push('-0');
  else if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function' || typeof value === 'symbol') return false;
    out.push(String(value));
  } else if (depth === MAX_DEPTH) return false;
  else return Array.isArray(value) ? writeArray(value, out, depth) : writeObject(value, out, depth);
  return true;
}

function writeArray(values: readonly unknown[], out: string[], depth: number): boolean {
  out.push('[');
  for (const value of values) {
    if (!write(value, out, depth + 1)) return false;
    out.push(',');
  }
  out.push(']');
  return true;
}

function writeObject(value: object, out: string[], depth: number): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  out.push('{');
  for (const name of Object.keys(value).sort()) {
    out.push(JSON.stringify(name), ':');
    if (!write((value as Readonly<Record<string, unknown>>)[name], out, depth + 1)) return false;
    out.push(',');
  }
  out.push('}');
  return true;
}
