/** How the machine is doing, under the names that Prometheus' node_exporter gives. Files are read from a given /proc, so that an
 * agent in a container can look at its host. Where there is no /proc, what node:os tells. */
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import type { SampleList } from '../sample-list.ts';
import {
  parseDiskstats,
  parseLoadavg,
  parseMeminfo,
  parseNetDev,
  parsePressure,
  parseStat,
} from './proc-files.ts';

/** Interfaces and disks that are shown; a machine of containers has a pair of interfaces for each. */
const MAX_DEVICES = 64;
/** The other end of what a container has, which says so itself. */
const VIRTUAL_INTERFACE = /^(veth|docker_gwbridge|ifb)/;
const MEMORY = [
  ...['MemTotal', 'MemFree', 'MemAvailable', 'Buffers', 'Cached', 'Dirty', 'Slab', 'Shmem'],
  ...['SwapTotal', 'SwapFree'],
];

export interface MachineShares {
  /** From 0 to 1; since the look before. */
  readonly cpu?: number;
  readonly memory?: number;
}

/** @returns undefined where it cannot be read, as files of features that a kernel does not have. */
export async function textOf(...path: string[]): Promise<string | undefined> {
  return readFile(join(...path), 'utf8').catch(() => undefined);
}

export async function addMachine(list: SampleList, proc: string): Promise<void> {
  const [stat, meminfo, loadavg, diskstats] = await Promise.all(
    ['stat', 'meminfo', 'loadavg', 'diskstats'].map((name) => textOf(proc, name)),
  );
  if (stat === undefined) return addFromOs(list);
  addStat(list, stat);
  for (const [name, bytes] of parseMeminfo(meminfo ?? ''))
    if (MEMORY.includes(name)) list.add(`node_memory_${name}_bytes`, bytes);
  addLoad(list, parseLoadavg(loadavg ?? ''));
  for (const { device, readBytes, writtenBytes, ioSeconds } of parseDiskstats(diskstats ?? '').slice(
    0,
    MAX_DEVICES,
  )) {
    list.add('node_disk_read_bytes_total', readBytes, { device });
    list.add('node_disk_written_bytes_total', writtenBytes, { device });
    list.add('node_disk_io_time_seconds_total', ioSeconds, { device });
  }
  await Promise.all([addNetwork(list, proc), addPressure(list, proc)]);
}

/** What the wall shows beside a node's name. @param before an earlier answer of the same function */
export function sharesOf(
  list: SampleList,
  before: CpuSum | undefined,
): MachineShares & { readonly sum: CpuSum } {
  const sum = { busy: 0, all: 0 };
  let [available, total] = [Number.NaN, Number.NaN];
  for (const { series, value } of list.samples) {
    const name = series.__name__;
    if (name === 'node_cpu_seconds_total') {
      sum.all += value;
      if (series.mode !== 'idle' && series.mode !== 'iowait') sum.busy += value;
    } else if (name === 'node_memory_MemAvailable_bytes') available = value;
    else if (name === 'node_memory_MemTotal_bytes') total = value;
  }
  const cpu = before && sum.all > before.all ? (sum.busy - before.busy) / (sum.all - before.all) : undefined;
  const memory = 1 - available / total;
  return {
    sum,
    ...(cpu !== undefined && { cpu: Math.min(1, Math.max(0, cpu)) }),
    ...(Number.isFinite(memory) && { memory }),
  };
}

/** CPU seconds of all modes since the machine started. */
export interface CpuSum {
  readonly busy: number;
  readonly all: number;
}

function addStat(list: SampleList, text: string): void {
  const { cpus, contextSwitches, bootTimeSeconds } = parseStat(text);
  for (const { cpu, modes } of cpus)
    for (const mode in modes) list.add('node_cpu_seconds_total', modes[mode], { cpu, mode });
  list.add('node_context_switches_total', contextSwitches);
  list.add('node_boot_time_seconds', bootTimeSeconds);
}

function addLoad(list: SampleList, load: readonly number[] | undefined): void {
  for (const [i, minutes] of [1, 5, 15].entries()) list.add(`node_load${minutes}`, load?.[i]);
}

async function addNetwork(list: SampleList, proc: string): Promise<void> {
  // Of process 1, because an agent in a container sees its own interfaces otherwise.
  const text = (await textOf(proc, '1/net/dev')) ?? (await textOf(proc, 'net/dev')) ?? '';
  const shown = parseNetDev(text).filter(({ device }) => !VIRTUAL_INTERFACE.test(device));
  for (const { device, ...directions } of shown.slice(0, MAX_DEVICES))
    for (const direction of ['receive', 'transmit'] as const)
      for (const count of ['bytes', 'packets', 'errs', 'drop'] as const)
        list.add(`node_network_${direction}_${count}_total`, directions[direction][count], { device });
}

async function addPressure(list: SampleList, proc: string): Promise<void> {
  for (const resource of ['cpu', 'io', 'memory']) {
    const { some, full } = parsePressure((await textOf(proc, 'pressure', resource)) ?? '');
    list.add(`node_pressure_${resource}_waiting_seconds_total`, some);
    // Of CPU it means nothing for a whole machine.
    if (resource !== 'cpu') list.add(`node_pressure_${resource}_stalled_seconds_total`, full);
  }
}

function addFromOs(list: SampleList): void {
  os.cpus().forEach(({ times }, cpu) => {
    const modes = { user: times.user, nice: times.nice, system: times.sys, idle: times.idle, irq: times.irq };
    for (const [mode, ms] of Object.entries(modes))
      list.add('node_cpu_seconds_total', ms / 1_000, { cpu: String(cpu), mode });
  });
  addLoad(list, os.loadavg());
  list.add('node_memory_MemTotal_bytes', os.totalmem());
  list.add('node_memory_MemAvailable_bytes', os.freemem());
  list.add('node_boot_time_seconds', Math.round(Date.now() / 1_000 - os.uptime()));
}
