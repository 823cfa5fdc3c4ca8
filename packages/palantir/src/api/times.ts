/** Times and durations in the parameters of a request. */
import { GoblinError } from '@goblin/core';
import { durationAt } from '../query/promql/duration.ts';

const DEFAULT_REACH_MS = 3_600_000;

/** Seconds since the Unix epoch, or RFC 3339. @throws INVALID_INPUT */
export function timeOf(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  if (!text) return undefined;
  const ms = /^-?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text) ? Math.round(Number(text) * 1_000) : Date.parse(text);
  if (Number.isFinite(ms)) return ms;
  throw new GoblinError('INVALID_INPUT', {
    message: `${name} is ${JSON.stringify(text)}: write seconds, or a time as in RFC 3339`,
  });
}

/** Seconds, or a duration such as `15s`. @throws INVALID_INPUT */
export function durationOf(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  if (!text) return undefined;
  const duration = durationAt(text, 0);
  const ms = duration?.length === text.length ? duration.ms : Number(text) * 1_000;
  if (ms > 0 && Number.isFinite(ms)) return ms;
  throw new GoblinError('INVALID_INPUT', {
    message: `${name} is ${JSON.stringify(text)}: write seconds, or a duration such as 15s`,
  });
}

/** `start` and `end`. Default: the last `reachMs`, an hour. */
export function rangeOf(
  params: URLSearchParams,
  reachMs = DEFAULT_REACH_MS,
): { fromMs: number; toMs: number } {
  const toMs = timeOf(params, 'end') ?? Date.now();
  return { fromMs: timeOf(params, 'start') ?? toMs - reachMs, toMs };
}
