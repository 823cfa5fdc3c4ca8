/** Matchers as functions. Regular expressions are JavaScript's, match whole values, and may begin with `(?i)`. */
import { GoblinError } from '@goblin/core';
import type { Matcher } from '../model.ts';

const MAX_REMEMBERED = 10_000;

export interface CompiledMatcher {
  readonly label: string;
  /** The one value that it takes, where there is but one. */
  readonly only: string | undefined;
  /** Whether it takes this value; a label that is not there is the empty text. */
  takes(value: string): boolean;
}

/** @throws INVALID_INPUT for a regular expression that is none */
export function compileMatchers(matchers: readonly Matcher[]): CompiledMatcher[] {
  return matchers.map(({ label, op, value }) => {
    if (op === '=') return { label, only: value, takes: (given) => given === value };
    if (op === '!=') return { label, only: undefined, takes: (given) => given !== value };
    const matches = remembering(compilePattern(value, 'whole'));
    const takes = op === '=~' ? matches : (given: string): boolean => !matches(given);
    return { label, only: undefined, takes };
  });
}

/** @param extent whether all of a text has to match, or some part of it. @throws INVALID_INPUT where it is no regular expression */
export function compilePattern(source: string, extent: 'whole' | 'part'): (text: string) => boolean {
  const ignoresCase = source.startsWith('(?i)');
  const body = ignoresCase ? source.slice(4) : source;
  try {
    const flags = ignoresCase ? 'is' : 's';
    // By itself first: between parentheses a text such as ")(" would be one.
    const part = new RegExp(body, flags);
    const expression = extent === 'whole' ? new RegExp(`^(?:${body})$`, flags) : part;
    return (text) => expression.test(text);
  } catch (error) {
    const message = `${JSON.stringify(source)} is not a regular expression: ${(error as Error).message}`;
    throw new GoblinError('INVALID_INPUT', { message, cause: error });
  }
}

function remembering(matches: (value: string) => boolean): (value: string) => boolean {
  const known = new Map<string, boolean>();
  return (value) => {
    let answer = known.get(value);
    if (answer === undefined) {
      answer = matches(value);
      if (known.size < MAX_REMEMBERED) known.set(value, answer);
    }
    return answer;
  };
}
