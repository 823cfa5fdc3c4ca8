/** What was left of an objective's error budget at each moment of a time, for charts. A moment looks back over the whole window, so all of
 * them together are read once, by rollups, and there are MAX_STEPS at most; the answer serves all who ask within FRESH_MS. */
import { type Clock, context, GoblinError } from '@goblin/core';
import { rememberingSource } from '../alerts/conditions/instant.ts';
import type { SeriesSource } from '../query/promql/source.ts';
import { errorShareOver, sharesAt } from './error-share.ts';
import { budgetLeft, type Objective, WINDOW } from './judgement.ts';
import { reading } from './reading.ts';
import { rollupSource } from './rollup-source.ts';
import type { SloBudget } from './slo.ts';

const FRESH_MS = 30_000;
const MAX_STEPS = 120;
const MINUTE_MS = 60_000;
const MAX_RANGE_MS: number = 400 * 86_400_000;
/** Each step goes through its whole window: fewer points than for one moment. */
const MAX_POINTS = 100_000;
const MAX_SERIES = 50;
/** Answers that are kept, the oldest goes first. */
const MAX_HELD = 64;

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Budgets {
  /** @throws INVALID_INPUT, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED */
  of(objective: Objective, range: Range): Promise<SloBudget>;
}

export function createBudgets(metrics: SeriesSource, clock: Clock): Budgets {
  const held = new Map<string, { readonly atMs: number; readonly budget: Promise<SloBudget> }>();

  async function read(
    { errorShare, target, labels }: Objective,
    times: readonly number[],
  ): Promise<SloBudget> {
    const source = rememberingSource(rollupSource(metrics, MAX_POINTS));
    const stepMs = (times[1] ?? 0) - times[0]!;
    const steps = { startMs: times[0]!, stepMs, count: times.length };
    const shares = await reading((signal) =>
      sharesAt(source, errorShareOver(errorShare, WINDOW), steps, signal),
    );
    return {
      times,
      series: shares.slice(0, MAX_SERIES).map((share) => {
        const all = { ...share.labels, ...labels };
        const values = share.values.map((bad) => (bad === null ? null : budgetLeft(bad, target)));
        return { service: all.service ?? '', labels: all, values };
      }),
    };
  }

  return {
    async of(objective, range) {
      const times = timesOf(range);
      const key = JSON.stringify([objective, times[0], times.length, times.at(-1)]);
      const known = held.get(key);
      if (known && clock.now() - known.atMs < FRESH_MS) return known.budget;
      const budget = context.detach(() => read(objective, times));
      held.delete(key);
      held.set(key, { atMs: clock.now(), budget });
      if (held.size > MAX_HELD) held.delete(held.keys().next().value!);
      budget.catch(() => held.delete(key));
      return budget;
    },
  };
}

/** Multiples of the step, so that who asks a little later gets the same answer. */
function timesOf({ fromMs, toMs }: Range): readonly number[] {
  if (!(toMs > fromMs && toMs - fromMs <= MAX_RANGE_MS))
    throw new GoblinError('INVALID_INPUT', {
      message: 'start and end: write a time of at most 400 days, the end after the start',
    });
  const stepMs = Math.ceil((toMs - fromMs) / MAX_STEPS / MINUTE_MS) * MINUTE_MS;
  const firstMs = Math.floor(fromMs / stepMs) * stepMs;
  const count = Math.floor((toMs - firstMs) / stepMs) + 1;
  return Array.from({ length: count }, (_, step) => firstMs + step * stepMs);
}
