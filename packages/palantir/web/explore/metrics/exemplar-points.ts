/** Which exemplars a chart draws: of each step the highest. What one looks for stands above the line, and thousands of points would hide it;
 * the list below the chart has the others. */
import type { Point } from '../parts/chart-layers.ts';
import type { Exemplar } from '../parts/prometheus.ts';

export function exemplarPoints(exemplars: readonly Exemplar[], stepMs: number): Point[] {
  const highest = new Map<number, Exemplar>();
  for (const exemplar of exemplars) {
    const step = Math.floor(exemplar.atMs / stepMs);
    const known = highest.get(step);
    if (!known || exemplar.value > known.value) highest.set(step, exemplar);
  }
  return [...highest.values()].map(({ atMs, value, traceId }) => ({
    atMs,
    value,
    href: `/explore/traces/${traceId}`,
  }));
}
