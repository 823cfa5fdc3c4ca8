/** The metrics of one container, under the names that the line protocol of Telegraf's docker plugin has here: measurement and field,
 * `docker_container_mem` and `usage`. So boards and rules are the same, whoever has collected. */
import type { SampleList } from '../sample-list.ts';
import type { ContainerInspect, ContainerStats } from './docker-answers.ts';

/** One series for each container that has a check, with its `health_status` and always 1: Telegraf has the text as a field of this name. */
export const HEALTH_STATUS = 'docker_container_health_health_status';

/** What counts for the share of CPU, from one look to the next. */
export interface CpuCount {
  readonly used: number;
  readonly system: number;
}

export function addStatus(list: SampleList, { State, RestartCount }: ContainerInspect): void {
  const { Status, OOMKilled, ExitCode, StartedAt, Health } = State;
  list.add('docker_container_state', 1, { state: Status });
  list.add('docker_container_status_restart_count', RestartCount);
  list.add('docker_container_status_oomkilled', OOMKilled ? 1 : 0);
  list.add('docker_container_status_exitcode', ExitCode);
  // Of one that never ran it is the year 1.
  const startedMs = Date.parse(StartedAt);
  if (startedMs > 0) list.add('docker_container_status_started_at', startedMs * 1e6);
  if (!Health || Health.Status === 'none') return;
  list.add(HEALTH_STATUS, 1, { health_status: Health.Status });
  list.add('docker_container_health_healthy', Health.Status === 'healthy' ? 1 : 0);
  list.add('docker_container_health_failing_streak', Health.FailingStreak);
}

/** @returns what the next look is compared with */
export function addUse(
  list: SampleList,
  stats: ContainerStats,
  before: CpuCount | undefined,
): CpuCount | undefined {
  addMemory(list, stats.memory_stats);
  list.add('docker_container_pids_current', stats.pids_stats?.current);
  for (const [network, counts] of Object.entries(stats.networks ?? {}))
    for (const field of ['rx', 'tx'].flatMap((way) =>
      ['bytes', 'packets', 'errors', 'dropped'].map((what) => `${way}_${what}`),
    ))
      list.add(`docker_container_net_${field}`, counts[field], { network });
  addBlocks(list, stats.blkio_stats?.io_service_bytes_recursive ?? []);
  return addCpu(list, stats.cpu_stats, before);
}

function addCpu(
  list: SampleList,
  cpu: ContainerStats['cpu_stats'],
  before: CpuCount | undefined,
): CpuCount | undefined {
  const { total_usage: used } = cpu?.cpu_usage ?? {};
  const { system_cpu_usage: system, online_cpus: cpus = 1, throttling_data: throttling } = cpu ?? {};
  list.add('docker_container_cpu_usage_total', used);
  list.add('docker_container_cpu_throttling_throttled_periods', throttling?.throttled_periods);
  list.add('docker_container_cpu_throttling_throttled_time', throttling?.throttled_time);
  // An engine says no CPU time of the system for a container that does not run.
  if (used === undefined || system === undefined) return undefined;
  if (before && system > before.system && used >= before.used) {
    const share = (used - before.used) / (system - before.system);
    list.add('docker_container_cpu_usage_percent', share * cpus * 100);
  }
  return { used, system };
}

/** As `docker stats` has it: without the part of the page cache that is not in use. */
function addMemory(list: SampleList, memory: ContainerStats['memory_stats']): void {
  const { usage, limit, stats = {} } = memory ?? {};
  if (usage === undefined) return;
  const cache = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  const used = cache < usage ? usage - cache : usage;
  list.add('docker_container_mem_usage', used);
  list.add('docker_container_mem_limit', limit);
  if (limit) list.add('docker_container_mem_usage_percent', (used / limit) * 100);
}

/** One entry for each device and direction; version 2 of cgroups writes the direction in small letters. */
function addBlocks(
  list: SampleList,
  counts: readonly { readonly op: string; readonly value: number }[],
): void {
  for (const direction of ['read', 'write']) {
    const own = counts.filter(({ op }) => op.toLowerCase() === direction);
    const bytes = own.reduce((sum, { value }) => sum + value, 0);
    if (own.length > 0) list.add(`docker_container_blkio_io_service_bytes_recursive_${direction}`, bytes);
  }
}
