/** Numbers in the parameters of a request, and the headers of answers that no cache may keep. */
import { GoblinError } from '@goblin/core';

export const NO_STORE = { 'cache-control': 'no-store' };

/** @throws INVALID_INPUT */
export function countOf(params: URLSearchParams, name: string, max: number): number | undefined {
  const text = params.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw new GoblinError('INVALID_INPUT', {
    message: `${name} is ${JSON.stringify(text)}: write a whole number from 1 to ${max}`,
  });
}
