/** A budget over time with how it is now at its end. What is drawn is reckoned by steps of up to some hours: without this its end would
 * still tell of a time before the trouble that the table above tells of. */
import type { Slo, SloBudget } from '../../../src/slo/slo.ts';

/** @param slos of this objective, as they are at that time */
export function withNow({ times, series }: SloBudget, slos: readonly Slo[], atMs: number): SloBudget {
  if (atMs <= (times.at(-1) ?? 0)) return { times, series };
  return {
    times: [...times, atMs],
    series: series.map((one) => {
      const slo = slos.find(({ labels }) =>
        Object.entries(one.labels).every(([name, value]) => labels[name] === value),
      );
      return { ...one, values: [...one.values, slo?.budgetLeft ?? null] };
    }),
  };
}
