/** The shares of CPU time that Telegraf's cpu plugin has (`usage_idle` and so on, in percent since the look before), out of seconds
 * counted by mode. Of each CPU the last count is remembered; one that went back (the machine started anew) has no share. */
import type { SelectedSeries } from '../../../store/metrics/packed-series.ts';
import { entryOf } from './entry-of.ts';

export const CPU_SECONDS = 'node_cpu_seconds_total';
const TOTAL = 'cpu-total';
/** CPUs of all machines. */
const MAX_CPUS = 100_000;
const MODES: ReadonlySet<string> = new Set(
  'user system idle nice iowait irq softirq steal guest guest_nice'.split(' '),
);

type Modes = Record<string, number>;

interface Count {
  readonly atMs: number;
  readonly modes: Modes;
}

export interface CpuUsage {
  readonly node: string;
  /** `cpu0`, or `cpu-total`. */
  readonly cpu: string;
  readonly atMs: number;
  /** Percent by field. */
  readonly fields: Readonly<Record<string, number>>;
}

export interface CpuUsages {
  /** @param series of CPU_SECONDS, those of a machine all at once */
  of(series: readonly SelectedSeries[]): CpuUsage[];
}

export function cpuUsages(): CpuUsages {
  const last = new Map<string, Count>();

  function usage(node: string, cpu: string, now: Count): CpuUsage[] {
    const key = `${cpu} ${node}`;
    const before = last.get(key);
    if (before && before.atMs >= now.atMs) return [];
    if (before || last.size < MAX_CPUS) last.set(key, now);
    if (!before) return [];
    const deltas = Object.entries(now.modes).map(([mode, seconds]): [string, number] => [
      mode,
      seconds - (before.modes[mode] ?? seconds),
    ]);
    const all = deltas.reduce((sum, [, delta]) => sum + delta, 0);
    if (!(all > 0) || deltas.some(([, delta]) => delta < 0)) return [];
    const fields = Object.fromEntries(deltas.map(([mode, delta]) => [`usage_${mode}`, (delta / all) * 100]));
    return [{ node, cpu, atMs: now.atMs, fields }];
  }

  return {
    of(series) {
      const usages: CpuUsage[] = [];
      for (const [node, own] of Map.groupBy(series, ({ labels }) => labels.node ?? '')) {
        for (const [atMs, cpus] of [...countsOf(own)].sort(([one], [other]) => one - other)) {
          const total: Modes = {};
          for (const [cpu, modes] of cpus) {
            usages.push(...usage(node, `cpu${cpu}`, { atMs, modes }));
            for (const mode in modes) total[mode] = (total[mode] ?? 0) + modes[mode]!;
          }
          usages.push(...usage(node, TOTAL, { atMs, modes: total }));
        }
      }
      return usages;
    },
  };
}

/** By time and CPU. */
function countsOf(series: readonly SelectedSeries[]): Map<number, Map<string, Modes>> {
  const counts = new Map<number, Map<string, Modes>>();
  for (const { labels, times, values } of series) {
    const { cpu = '', mode = '' } = labels;
    if (!MODES.has(mode)) continue;
    for (let i = 0; i < times.length; i += 1) {
      if (!Number.isFinite(values[i])) continue;
      const cpus = entryOf(counts, times[i]!, () => new Map<string, Modes>());
      entryOf(cpus, cpu, (): Modes => ({}))[mode] = values[i]!;
    }
  }
  return counts;
}
