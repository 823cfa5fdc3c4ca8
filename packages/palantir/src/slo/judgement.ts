/** What the shares of what was bad make of an objective: pure arithmetic. */
import type { Rule } from '../alerts/alert.ts';
import { BURNS } from '../alerts/conditions/burn-rate.ts';
import type { Labels } from '../model.ts';
import type { Slo, SloBurn, SloState } from './slo.ts';

/** Of all objectives: burn rates are defined by it (a rate of 1 uses up the budget in 30 days). */
export const WINDOW_MS: number = 30 * 86_400_000;
export const WINDOW = '30d';

export interface Objective {
  readonly name: string;
  readonly target: number;
  /** PromQL with `$window` in it. */
  readonly errorShare: string;
  readonly labels: Labels;
  readonly summary: string;
  readonly source: string;
}

/** From 0 to 1, by window; undefined where it is not known. */
export type ShareOf = (window: string) => number | undefined;

export function objectivesOf(rules: readonly Rule[]): readonly Objective[] {
  return rules.flatMap(({ name, condition, labels, summary, source }) => {
    if (condition.kind !== 'burnRate') return [];
    const { objective: target, errorShare } = condition;
    return [{ name, target, errorShare, labels, summary, source }];
  });
}

/** @param labels of the series */
export function judge(objective: Objective, labels: Labels, share: ShareOf): Slo {
  const { name, target, summary, source } = objective;
  const all = { ...labels, ...objective.labels };
  const bad = share(WINDOW);
  const burns = BURNS.map(({ factor, short, long }): SloBurn => {
    const [shortRate, longRate] = [rateOf(share(short.text), target), rateOf(share(long.text), target)];
    return {
      ...{ factor, short: short.text, long: long.text },
      ...(shortRate !== undefined && { shortRate }),
      ...(longRate !== undefined && { longRate }),
    };
  });
  const left = bad === undefined ? undefined : budgetLeft(bad, target);
  return {
    ...{ name, service: all.service ?? '', labels: all, summary: filled(summary, all) },
    ...{ target, windowMs: WINDOW_MS, source, burns, state: stateOf(left, burns) },
    ...(bad !== undefined && { attained: 1 - bad }),
    ...(left !== undefined && { budgetLeft: left }),
  };
}

/** Of the error budget, from 1 down. */
export function budgetLeft(badShare: number, target: number): number {
  return 1 - badShare / (1 - target);
}

function rateOf(badShare: number | undefined, target: number): number | undefined {
  return badShare === undefined ? undefined : badShare / (1 - target);
}

/** As the rule alerts: both windows of a pair burn. What is used up is so whether or not it goes on. */
function stateOf(left: number | undefined, burns: readonly SloBurn[]): SloState {
  if (left === undefined) return 'unknown';
  if (left <= 0) return 'exhausted';
  const isBurning = burns.some(
    ({ factor, shortRate = 0, longRate = 0 }) => shortRate > factor && longRate > factor,
  );
  return isBurning ? 'burning' : 'ok';
}

const ORDER: readonly SloState[] = ['exhausted', 'burning', 'ok', 'unknown'];

/** The worst first: by state, then by what is left. */
export function worstFirst(one: Slo, other: Slo): number {
  const byState = ORDER.indexOf(one.state) - ORDER.indexOf(other.state);
  const byBudget = (one.budgetLeft ?? 1) - (other.budgetLeft ?? 1);
  return byState || byBudget || (keyOf(one) < keyOf(other) ? -1 : 1);
}

function keyOf({ name, service, labels }: Slo): string {
  return `${name}\0${service}\0${JSON.stringify(labels)}`;
}

function filled(summary: string, labels: Labels): string {
  return summary.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (_, name: string) => labels[name] ?? '');
}
