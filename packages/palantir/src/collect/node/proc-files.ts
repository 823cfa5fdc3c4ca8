/** Reads the text files of Linux' /proc and of cgroups, as far as the node agent shows them. Pure functions; a file that is odd gives
 * what of it can be read. https://docs.kernel.org/filesystems/proc.html */

/** Of the clock that process times are counted in: USER_HZ, 100 on every Linux that Node.js runs on. */
export const TICKS_PER_SECOND = 100;
/** Of /proc/diskstats, whatever the disk's own are. */
const SECTOR_BYTES = 512;
const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;

export interface CpuTimes {
  readonly cpu: string;
  /** Seconds by mode. */
  readonly modes: Readonly<Record<string, number>>;
}

export interface KernelStat {
  readonly cpus: readonly CpuTimes[];
  readonly contextSwitches: number | undefined;
  readonly bootTimeSeconds: number | undefined;
}

/** /proc/stat */
export function parseStat(text: string): KernelStat {
  const cpus: CpuTimes[] = [];
  for (const [, cpu, times] of text.matchAll(/^cpu(\d+) (.*)$/gm)) {
    const ticks = times!.trim().split(/\s+/).map(Number);
    const modes: Record<string, number> = {};
    CPU_MODES.forEach((mode, i) => {
      if (Number.isFinite(ticks[i])) modes[mode] = ticks[i]! / TICKS_PER_SECOND;
    });
    cpus.push({ cpu: cpu!, modes });
  }
  return {
    cpus,
    contextSwitches: numberAfter(text, /^ctxt (\d+)$/m),
    bootTimeSeconds: numberAfter(text, /^btime (\d+)$/m),
  };
}

/** /proc/meminfo: bytes by name, parentheses as underscores as node_exporter has it. */
export function parseMeminfo(text: string): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  for (const [, name, value, unit] of text.matchAll(/^([\w()]+):\s+(\d+)( kB)?$/gm))
    bytes.set(name!.replace(/\((\w+)\)/, '_$1'), Number(value) * (unit ? 1_024 : 1));
  return bytes;
}

/** /proc/loadavg: over 1, 5 and 15 minutes. */
export function parseLoadavg(text: string): readonly [number, number, number] | undefined {
  const [one, five, fifteen] = text.split(' ').map(Number);
  const load = [one, five, fifteen];
  return load.every((value) => Number.isFinite(value)) ? (load as [number, number, number]) : undefined;
}

export interface InterfaceCounts {
  readonly device: string;
  readonly receive: DirectionCounts;
  readonly transmit: DirectionCounts;
}

export interface DirectionCounts {
  readonly bytes: number;
  readonly packets: number;
  readonly errs: number;
  readonly drop: number;
}

/** /proc/net/dev */
export function parseNetDev(text: string): InterfaceCounts[] {
  const found: InterfaceCounts[] = [];
  for (const [, device, counts] of text.matchAll(/^\s*([^\s|]+):\s*([\d ]+)$/gm)) {
    const numbers = counts!.trim().split(/\s+/).map(Number);
    if (numbers.length < 12) continue;
    const direction = (from: number): DirectionCounts => ({
      bytes: numbers[from]!,
      packets: numbers[from + 1]!,
      errs: numbers[from + 2]!,
      drop: numbers[from + 3]!,
    });
    found.push({ device: device!, receive: direction(0), transmit: direction(8) });
  }
  return found;
}

export interface DiskCounts {
  readonly device: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly ioSeconds: number;
}

/** /proc/diskstats: whole disks and partitions that were ever used, but no loop and RAM devices. */
export function parseDiskstats(text: string): DiskCounts[] {
  const found: DiskCounts[] = [];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [device = '', reads, writes] = [fields[2], Number(fields[3]), Number(fields[7])];
    if (fields.length < 14 || /^(loop|ram|zram|sr|fd)\d+$/.test(device) || !(reads! + writes! > 0)) continue;
    found.push({
      device,
      readBytes: Number(fields[5]) * SECTOR_BYTES,
      writtenBytes: Number(fields[9]) * SECTOR_BYTES,
      ioSeconds: Number(fields[12]) / 1_000,
    });
  }
  return found;
}

/** /proc/pressure/{cpu,io,memory}: seconds in which some or all waited. `full` of CPU is not there on older kernels. */
export function parsePressure(text: string): { readonly some?: number; readonly full?: number } {
  const of = (line: string): number | undefined =>
    numberAfter(text, new RegExp(`^${line} .*total=(\\d+)$`, 'm'));
  const [some, full] = [of('some'), of('full')];
  return { ...(some !== undefined && { some: some / 1e6 }), ...(full !== undefined && { full: full / 1e6 }) };
}

export interface Mount {
  /** Major and minor number: the same for each place where one file system is mounted. */
  readonly id: string;
  readonly mountpoint: string;
  readonly fstype: string;
  readonly device: string;
}

/** /proc/<pid>/mountinfo */
export function parseMountinfo(text: string): Mount[] {
  const found: Mount[] = [];
  for (const line of text.split('\n')) {
    const [before, after] = line.split(' - ');
    const [, , id, , mountpoint] = before!.split(' ');
    const [fstype, device] = after?.split(' ') ?? [];
    if (id && mountpoint && fstype && device)
      found.push({ id, mountpoint: unescaped(mountpoint), fstype, device: unescaped(device) });
  }
  return found;
}

export interface ProcessStat {
  readonly cpuSeconds: number;
  readonly threads: number;
  readonly startedAfterBootSeconds: number;
}

/** /proc/<pid>/stat. The name may hold spaces and parentheses: what comes behind the last one counts. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user, system, threads, started] = [fields[11], fields[12], fields[17], fields[19]];
  if (![user, system, threads, started].every((value) => Number.isFinite(value))) return undefined;
  return {
    cpuSeconds: (user! + system!) / TICKS_PER_SECOND,
    threads: threads!,
    startedAfterBootSeconds: started! / TICKS_PER_SECOND,
  };
}

/** /proc/<pid>/status: resident memory in bytes. */
export function parseResident(text: string): number | undefined {
  const kilobytes = numberAfter(text, /^VmRSS:\s+(\d+) kB$/m);
  return kilobytes === undefined ? undefined : kilobytes * 1_024;
}

/** /proc/<pid>/limits: open files, Infinity where there is no limit. */
export function parseMaxFiles(text: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)\s/m.exec(text)?.[1];
  return soft === undefined ? undefined : soft === 'unlimited' ? Infinity : Number(soft);
}

/** /proc/<pid>/cgroup: the path by controller; '' is the one of version 2. */
export function parseProcessCgroups(text: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const [, controllers, path] of text.matchAll(/^\d+:([^:]*):(.*)$/gm))
    for (const controller of controllers!.split(',')) paths.set(controller, path!);
  return paths;
}

/** cpu.stat, memory.stat and others: a name and a number a line. */
export function parseKeyed(text: string): ReadonlyMap<string, number> {
  return new Map(
    Array.from(text.matchAll(/^(\S+) (\d+)$/gm), ([, name, value]) => [name!, Number(value)] as const),
  );
}

/** One number, or `max`, which is no limit; the largest page counter of version 1 is no limit either. */
export function parseLimit(text: string): number | undefined {
  const value = Number(text.trim() || Number.NaN);
  return Number.isFinite(value) && value < 2 ** 62 ? value : undefined;
}

function numberAfter(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Spaces and the like are written as octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
