/** What a control group uses and may use: version 2, where a process is in one group, and version 1, where it is in one for each
 * controller. https://docs.kernel.org/admin-guide/cgroup-v2.html */
import { join } from 'node:path';
import { textOf } from './machine.ts';
import { parseKeyed, parseLimit } from './proc-files.ts';

export interface CgroupUse {
  readonly memoryBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly cpuSeconds: number | undefined;
  /** How often it could have run, how often it was held back by its limit, and for how long. */
  readonly periods: number | undefined;
  readonly throttledPeriods: number | undefined;
  readonly throttledSeconds: number | undefined;
}

/** The name of the group; undefined where it is the machine's own, which has no limits.
 * @param paths by controller, as in /proc/<pid>/cgroup */
export function cgroupOf(paths: ReadonlyMap<string, string>): string | undefined {
  const path = paths.get('memory') ?? paths.get('');
  return path === '/' ? undefined : path;
}

/** @param root where cgroups are mounted */
export function cgroupUse(paths: ReadonlyMap<string, string>, root: string): Promise<CgroupUse> {
  return paths.has('memory') ? versionOne(paths, root) : versionTwo(join(root, paths.get('') ?? '/'));
}

async function versionTwo(folder: string): Promise<CgroupUse> {
  const [memory, limit, cpuStat] = await Promise.all(
    ['memory.current', 'memory.max', 'cpu.stat'].map((name) => textOf(folder, name)),
  );
  const cpu = parseKeyed(cpuStat ?? '');
  return {
    memoryBytes: parseLimit(memory ?? ''),
    memoryLimitBytes: parseLimit(limit ?? ''),
    cpuSeconds: scaled(cpu.get('usage_usec'), 1e6),
    periods: cpu.get('nr_periods'),
    throttledPeriods: cpu.get('nr_throttled'),
    throttledSeconds: scaled(cpu.get('throttled_usec'), 1e6),
  };
}

async function versionOne(paths: ReadonlyMap<string, string>, root: string): Promise<CgroupUse> {
  /** Of a controller whose group is the machine's own it would be the whole machine's. */
  const read = async (controller: string, name: string): Promise<string> => {
    const path = paths.get(controller);
    return path === undefined || path === '/' ? '' : ((await textOf(root, controller, path, name)) ?? '');
  };
  const [memory, limit, usage, cpuStat] = await Promise.all([
    read('memory', 'memory.usage_in_bytes'),
    read('memory', 'memory.limit_in_bytes'),
    read('cpuacct', 'cpuacct.usage'),
    read('cpu', 'cpu.stat'),
  ]);
  const cpu = parseKeyed(cpuStat);
  return {
    memoryBytes: parseLimit(memory),
    memoryLimitBytes: parseLimit(limit),
    cpuSeconds: scaled(parseLimit(usage), 1e9),
    periods: cpu.get('nr_periods'),
    throttledPeriods: cpu.get('nr_throttled'),
    throttledSeconds: scaled(cpu.get('throttled_time'), 1e9),
  };
}

function scaled(value: number | undefined, perSecond: number): number | undefined {
  return value === undefined ? undefined : value / perSecond;
}
