/** What a wall shows of objectives: the worst first, and not more than a few screens of them. */

import type { SloSummary } from '../live/wall-state.ts';
import { keyOf } from '../query/promql/vector.ts';
import type { Slo } from './slo.ts';

const MAX_SHOWN = 24;

/** @param slos the worst first */
export function sloSummaries(slos: readonly Slo[]): readonly SloSummary[] {
  return slos
    .slice(0, MAX_SHOWN)
    .map(({ name, service, labels, target, windowMs, state, attained, budgetLeft }) => ({
      id: `${name} ${keyOf(labels)}`,
      ...{ name, service, target, windowMs, state },
      ...(attained !== undefined && { attained }),
      ...(budgetLeft !== undefined && { budgetLeft }),
    }));
}
