/** Whether a label's value is what a matcher asks for. */
import type { Matcher } from '../../model.ts';

const MAX_PATTERN_LENGTH = 1_000;

/** @throws SyntaxError where its value is no regular expression */
export function compileMatcher({ op, value }: Matcher): (actual: string) => boolean {
  if (op === '=') return (actual) => actual === value;
  if (op === '!=') return (actual) => actual !== value;
  if (value.length > MAX_PATTERN_LENGTH) throw new SyntaxError('the pattern is too long');
  const pattern = new RegExp(`^(?:${value})$`, 's');
  return op === '=~' ? (actual) => pattern.test(actual) : (actual) => !pattern.test(actual);
}
