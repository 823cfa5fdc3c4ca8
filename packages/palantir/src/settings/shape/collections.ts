/** Lists, maps with keys of one's own, and objects with known keys. */
import { closest, type JsonSchema } from '@goblin/core';
import { described } from '../yaml/node.ts';
import { listed } from './scalars.ts';
import type { Shape } from './shape.ts';
import type { Spot } from './spot.ts';

/** What is wrong in it is left out. */
export function list<T>(
  item: Shape<T>,
  { atLeast = 0, atMost = 1_000 }: { atLeast?: number; atMost?: number } = {},
): Shape<readonly T[]> {
  return {
    schema: {
      type: 'array',
      items: item.schema,
      ...(atLeast > 0 && { minItems: atLeast }),
      maxItems: atMost,
    },
    read(spot) {
      if (spot.node.kind !== 'list')
        return spot.wrong(`write a list, each item behind a dash, not ${described(spot.node)}`);
      const { length } = spot.node.items;
      if (length < atLeast) return spot.wrong(`write at least ${atLeast} here`);
      if (length > atMost) return spot.wrong(`there are ${length}, and at most ${atMost} are allowed`);
      return spot.items().flatMap((one) => {
        const value = item.read(one);
        return value === undefined ? [] : [value];
      });
    },
  };
}

/** By names of one's own. What is wrong in it is left out. */
export function record<T>(
  value: Shape<T>,
  { keyPattern, keys = 'a name' }: { keyPattern?: string; keys?: string } = {},
): Shape<Readonly<Record<string, T>>> {
  const form = keyPattern === undefined ? undefined : new RegExp(keyPattern);
  return {
    schema: {
      type: 'object',
      additionalProperties: value.schema,
      ...(keyPattern !== undefined && { propertyNames: { pattern: keyPattern } }),
    },
    read(spot) {
      if (spot.node.kind !== 'map')
        return spot.wrong(`write ${keys}, a colon and a value, not ${described(spot.node)}`);
      const read: [string, T][] = [];
      for (const key of spot.keys()) {
        if (form && !form.test(key)) spot.wrongKey(key, `${JSON.stringify(key)} is not ${keys}`);
        const one = value.read(spot.key(key)!);
        if (one !== undefined) read.push([key, one]);
      }
      return Object.fromEntries(read);
    },
  };
}

export interface Field<T, Required extends boolean> {
  readonly shape: Shape<T>;
  /** One line, shown by editors and in the manual. */
  readonly doc: string;
  readonly isRequired: Required;
}

export function required<T>(shape: Shape<T>, doc: string): Field<T, true> {
  return { shape, doc, isRequired: true };
}

export function optional<T>(shape: Shape<T>, doc: string): Field<T, false> {
  return { shape, doc, isRequired: false };
}

/** A key of T that may be missing is optional, and only such a one. */
export type Fields<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Field<NonNullable<T[K]>, false> : Field<T[K], true>;
};

export interface ObjectRules<T> {
  /** Of these there is exactly one. */
  readonly oneOf?: readonly (keyof T & string)[];
}

export function object<T extends object>(fields: Fields<T>, rules: ObjectRules<T> = {}): Shape<T> {
  const known = Object.entries(fields) as [string, Field<unknown, boolean>][];
  return {
    schema: objectSchema(known, rules),
    read(spot) {
      if (spot.node.kind !== 'map')
        return spot.wrong(`write ${known[0]![0]}: … and so on, not ${described(spot.node)}`);
      tellUnknown(
        spot,
        known.map(([key]) => key),
      );
      const read: Record<string, unknown> = {};
      let isWhole = true;
      for (const [key, { shape, isRequired }] of known) {
        const inner = spot.key(key);
        const value = inner && shape.read(inner);
        if (value !== undefined) read[key] = value;
        else if (isRequired) isWhole = false;
        if (isRequired && !inner) spot.wrong(`${key} is missing`);
      }
      return keepsRules(spot, rules) && isWhole ? (read as T) : undefined;
    },
  };
}

/** Whatever stands there: it is only there to be anchored. */
export const anything: Shape<true> = { schema: {}, read: () => true };

/** @param suggested those that are named where something else was meant. Default: all that are known */
export function tellUnknown(
  spot: Spot,
  known: readonly string[],
  suggested: readonly string[] = known,
): void {
  for (const key of spot.keys()) {
    if (known.includes(key)) continue;
    const meant =
      closest(key, suggested) ??
      suggested.find((one) => one.toLowerCase() === key.toLowerCase().replace(/[\s_-]/g, ''));
    spot.wrongKey(
      key,
      `there is no key ${key} here: ${meant ? `did you mean ${meant}?` : listed(suggested)}`,
    );
  }
}

function keepsRules<T>(spot: Spot, { oneOf }: ObjectRules<T>): boolean {
  if (!oneOf) return true;
  const given = oneOf.filter((key) => spot.keys().includes(key));
  const [first, second] = given;
  if (first === undefined) spot.wrong(`write one of ${listed(oneOf)}`);
  if (second !== undefined)
    spot.wrongKey(second, `${second} stands beside ${first}: write only one of ${listed(oneOf)}`);
  return given.length === 1;
}

function objectSchema<T>(
  known: readonly [string, Field<unknown, boolean>][],
  { oneOf }: ObjectRules<T>,
): JsonSchema {
  const needed = known.filter(([, { isRequired }]) => isRequired).map(([key]) => key);
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      known.map(([key, { shape, doc }]) => [key, { ...shape.schema, description: doc }]),
    ),
    ...(needed.length > 0 && { required: needed }),
    ...(oneOf && { oneOf: oneOf.map((key) => ({ required: [key] })) }),
  };
}
