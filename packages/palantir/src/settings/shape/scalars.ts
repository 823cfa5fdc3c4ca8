/** Texts, numbers, words, durations. */
import { closest, milliseconds } from '@goblin/core';
import { described } from '../yaml/node.ts';
import { refined, type Shape, withSchema } from './shape.ts';

const MAX_TEXT = 10_000;
const DURATION = '^\\d+(\\.\\d+)?(ms|s|m|h|d)$';

/** Of at least one character. */
export function text(example?: string): Shape<string> {
  const wanted = `write a text${example === undefined ? '' : ` such as ${example}`}`;
  return {
    schema: {
      type: 'string',
      minLength: 1,
      maxLength: MAX_TEXT,
      ...(example !== undefined && { examples: [example] }),
    },
    read(spot) {
      const { node } = spot;
      if (node.kind !== 'scalar' || node.value === null || node.value === '')
        return spot.wrong(`${wanted}, not ${described(node)}`);
      if (typeof node.value !== 'string')
        return spot.wrong(`put it in quotes to make it a text: "${node.value}"`);
      if (node.value.length > MAX_TEXT)
        return spot.wrong(`it has ${node.value.length} characters, and ${MAX_TEXT} at most are allowed`);
      return node.value;
    },
  };
}

/** A text of a certain form. `pattern` is as JSON schemas have it: anchored where it says so. */
export function textLike(pattern: string, wanted: string, example: string): Shape<string> {
  const form = new RegExp(pattern);
  return withSchema(
    refined(text(example), (value, spot) =>
      form.test(value) ? value : spot.wrong(`write ${wanted}, not ${described(spot.node)}`),
    ),
    { pattern },
  );
}

export function numberIn({
  above,
  atLeast,
  atMost,
}: {
  above?: number;
  atLeast?: number;
  atMost?: number;
} = {}): Shape<number> {
  const bounds = [
    above !== undefined && `greater than ${above}`,
    atLeast !== undefined && `at least ${atLeast}`,
    atMost !== undefined && `at most ${atMost}`,
  ].filter((bound) => bound !== false);
  const wanted = ['write a number', ...(bounds.length > 0 ? [bounds.join(' and ')] : [])].join(' ');
  return {
    schema: {
      type: 'number',
      ...(above !== undefined && { exclusiveMinimum: above }),
      ...(atLeast !== undefined && { minimum: atLeast }),
      ...(atMost !== undefined && { maximum: atMost }),
    },
    read(spot) {
      const value = spot.node.kind === 'scalar' ? spot.node.value : undefined;
      const isGood =
        typeof value === 'number' &&
        Number.isFinite(value) &&
        value > (above ?? Number.NEGATIVE_INFINITY) &&
        value >= (atLeast ?? Number.NEGATIVE_INFINITY) &&
        value <= (atMost ?? Number.POSITIVE_INFINITY);
      return isGood ? value : spot.wrong(`${wanted}, not ${described(spot.node)}`);
    },
  };
}

export function wholeNumber(atLeast: number, atMost: number): Shape<number> {
  const checked = refined(numberIn({ atLeast, atMost }), (value, spot) =>
    Number.isInteger(value) ? value : spot.wrong(`write a whole number, not ${value}`),
  );
  return withSchema(checked, { type: 'integer' });
}

/** One of some words. */
export function choice<T extends string>(words: readonly T[]): Shape<T> {
  return {
    schema: { type: 'string', enum: words },
    read(spot) {
      const value = spot.node.kind === 'scalar' ? spot.node.value : undefined;
      const found = words.find((word) => word === value);
      if (found !== undefined) return found;
      const meant = typeof value === 'string' ? closest(value, words) : undefined;
      return spot.wrong(
        `write ${listed(words)}, not ${described(spot.node)}${meant ? `; did you mean ${meant}?` : ''}`,
      );
    },
  };
}

/** In milliseconds. */
export function duration(example = '5m'): Shape<number> {
  const form = new RegExp(DURATION);
  return {
    schema: { type: 'string', pattern: DURATION, examples: [example] },
    read(spot) {
      const value = spot.node.kind === 'scalar' ? spot.node.value : undefined;
      if (typeof value === 'string' && form.test(value)) return milliseconds(value);
      return spot.wrong(`write a duration such as ${example}, not ${described(spot.node)}`);
    },
  };
}

export function url(): Shape<string> {
  const checked = refined(text('https://example.com/page'), (value, spot) =>
    URL.canParse(value)
      ? value
      : spot.wrong(`write an address such as https://example.com/page, not ${described(spot.node)}`),
  );
  return withSchema(checked, { pattern: '^https?://' });
}

/** `page, ticket or info` */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
