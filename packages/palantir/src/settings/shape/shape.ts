/** What may stand at a place of a file: one description that reads and checks the value, and makes the JSON schema by which editors
 * complete it. So the two cannot disagree on keys, types and words; what needs more than one place to be judged (names that have to
 * exist, queries that have to fit together) is checked afterwards and is not in the schema. */
import type { JsonSchema } from '@goblin/core';
import type { Placed, Spot } from './spot.ts';

export interface Shape<T> {
  /** Draft-07. */
  readonly schema: JsonSchema;
  /** Tells each mistake. @returns undefined when there is nothing to go on with; lists and records leave out what is wrong */
  read(spot: Spot): T | undefined;
}

/** @example severity: placed(choice(SEVERITIES)) */
export function placed<T>(shape: Shape<T>): Shape<Placed<T>> {
  return {
    schema: shape.schema,
    read(spot) {
      const value = shape.read(spot);
      return value === undefined ? undefined : { value, spot };
    },
  };
}

/** A shape whose values are checked further. `check` tells what is wrong and answers undefined then. */
export function refined<T, U>(shape: Shape<T>, check: (value: T, spot: Spot) => U | undefined): Shape<U> {
  return {
    schema: shape.schema,
    read(spot) {
      const value = shape.read(spot);
      return value === undefined ? undefined : check(value, spot);
    },
  };
}

/** With its form for editors narrowed. */
export function withSchema<T>(shape: Shape<T>, more: JsonSchema): Shape<T> {
  return { ...shape, schema: { ...shape.schema, ...more } };
}

/** The first for texts, numbers and the like, the second for lists or keys. */
export function scalarOr<T, U>(scalar: Shape<T>, other: Shape<U>): Shape<T | U> {
  return {
    schema: { anyOf: [scalar.schema, other.schema] },
    read: (spot) => (spot.node.kind === 'scalar' ? scalar.read(spot) : other.read(spot)),
  };
}
