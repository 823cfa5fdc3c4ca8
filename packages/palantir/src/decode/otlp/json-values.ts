/** Takes values out of JSON that may have any shape: what has another type than protobuf's JSON gives it counts as not there.
 * Numbers of 64 bits are strings, and may be numbers; NaN and the infinities are strings. */
import { MAX_NESTING } from '../limits.ts';
import { type AnyValue, type KeyValue, TOO_DEEP } from './any-value.ts';

export type Json = Readonly<Record<string, unknown>>;

const NOTHING: Json = Object.freeze({});
const UNSIGNED = /^\d{1,20}$/;
const NUMBER = /^-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Infinity)$/i;

export function objectOf(value: unknown): Json {
  return isObject(value) ? value : NOTHING;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Ids come in hex of either case. */
export function idOf(value: unknown): string {
  return stringOf(value).toLowerCase();
}

export function optionalNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  return NUMBER.test(value) ? Number(value) : value === 'NaN' ? Number.NaN : undefined;
}

export function numberOf(value: unknown): number {
  return optionalNumber(value) ?? 0;
}

export function numbersOf(value: unknown, max: number): number[] {
  return listOf(value)
    .slice(0, max)
    .map((one) => optionalNumber(one) ?? Number.NaN);
}

export function nanosecondsOf(value: unknown): bigint {
  if (typeof value === 'string' && UNSIGNED.test(value)) return BigInt(value);
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? BigInt(Math.round(value)) : 0n;
}

export function keyValuesOf(value: unknown): KeyValue[] {
  const pairs: KeyValue[] = [];
  for (const one of listOf(value)) if (isObject(one)) pairs.push(keyValueOf(one, 0));
  return pairs;
}

function keyValueOf({ key, value }: Json, depth: number): KeyValue {
  return { key: stringOf(key), value: anyValueOf(value, depth) };
}

export function anyValueOf(value: unknown, depth = 0): AnyValue {
  const { stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue } =
    objectOf(value);
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  for (const number of [intValue, doubleValue])
    if (typeof number === 'number' || typeof number === 'string') return number;
  if (typeof bytesValue === 'string') return bytesValue;
  if (arrayValue === undefined && kvlistValue === undefined) return null;
  if (depth >= MAX_NESTING) return TOO_DEEP;
  if (arrayValue !== undefined)
    return listOf(objectOf(arrayValue).values).map((one) => anyValueOf(one, depth + 1));
  const pairs = listOf(objectOf(kvlistValue).values).filter(isObject);
  return Object.fromEntries(
    pairs.map((pair) => {
      const { key, value } = keyValueOf(pair, depth + 1);
      return [key, value];
    }),
  );
}
