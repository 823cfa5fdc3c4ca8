/** What the processes of the platform use, and the cgroups that they run in with their limits, named as cAdvisor does. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SampleList } from '../sample-list.ts';
import { cgroupOf, cgroupUse } from './cgroups.ts';
import { textOf } from './machine.ts';
import {
  parseMaxFiles,
  parseProcessCgroups,
  parseProcessStat,
  parseResident,
  parseStat,
} from './proc-files.ts';

/** More are not looked at. */
export const MAX_PROCESSES = 1_000;

export interface WatchedProcess {
  readonly pid: number;
  readonly service: string;
  readonly instance: string;
}

type Cgroups = ReadonlyMap<string, string>;

/** @param cgroups where cgroups are mounted */
export async function addProcesses(
  list: SampleList,
  processes: readonly WatchedProcess[],
  proc: string,
  cgroups: string,
): Promise<void> {
  if (processes.length === 0) return;
  const { bootTimeSeconds = Number.NaN } = parseStat((await textOf(proc, 'stat')) ?? '');
  const groups = new Map<string, Cgroups>();
  await Promise.all(
    processes.slice(0, MAX_PROCESSES).map(async ({ pid, service, instance }) => {
      const own = list.labelled({ service, instance });
      const paths = await addProcess(own, join(proc, String(pid)), bootTimeSeconds);
      const id = paths && cgroupOf(paths);
      if (id !== undefined) groups.set(id, paths!);
    }),
  );
  await Promise.all([...groups].map(([id, paths]) => addCgroup(list.labelled({ id }), paths, cgroups)));
}

/** @returns the cgroups that it is in, or undefined where it has ended. */
async function addProcess(
  list: SampleList,
  folder: string,
  bootTimeSeconds: number,
): Promise<Cgroups | undefined> {
  const stat = parseProcessStat((await textOf(folder, 'stat')) ?? '');
  if (!stat) return undefined;
  const [status, limits, cgroup] = await Promise.all(
    ['status', 'limits', 'cgroup'].map((name) => textOf(folder, name)),
  );
  const files = await readdir(join(folder, 'fd')).catch(() => undefined);
  list.add('node_process_cpu_seconds_total', stat.cpuSeconds);
  list.add('node_process_threads', stat.threads);
  list.add('node_process_start_time_seconds', bootTimeSeconds + stat.startedAfterBootSeconds);
  list.add('node_process_resident_memory_bytes', parseResident(status ?? ''));
  list.add('node_process_open_fds', files?.length);
  list.add('node_process_max_fds', parseMaxFiles(limits ?? ''));
  return parseProcessCgroups(cgroup ?? '');
}

async function addCgroup(list: SampleList, paths: Cgroups, root: string): Promise<void> {
  const use = await cgroupUse(paths, root);
  list.add('container_memory_usage_bytes', use.memoryBytes);
  list.add('container_spec_memory_limit_bytes', use.memoryLimitBytes);
  list.add('container_cpu_usage_seconds_total', use.cpuSeconds);
  list.add('container_cpu_cfs_periods_total', use.periods);
  list.add('container_cpu_cfs_throttled_periods_total', use.throttledPeriods);
  list.add('container_cpu_cfs_throttled_seconds_total', use.throttledSeconds);
}
