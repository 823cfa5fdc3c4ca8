/** What the kernel says of other processes: CPU used so far and memory, by /proc. */
import { readdir, readFile } from 'node:fs/promises';

/** Clock ticks of 10 ms. */
const MICROS_PER_TICK = 10_000;
const KB_PER_MB = 1_024;

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly command: readonly string[];
}

/** User and system time of a process with all its threads, without that of its children. */
export async function cpuMicrosOf(pid: number): Promise<number> {
  const fields = fieldsOf(await readFile(`/proc/${pid}/stat`, 'utf8'));
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}

/** The most that was resident at a time. */
export async function peakMegabytesOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / KB_PER_MB;
}

/** All processes below one, itself not among them. */
export async function processesBelow(pid: number): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = (await Promise.all(pids.map(entryOf))).filter((entry) => entry !== undefined);
  const below: ProcessEntry[] = [];
  for (let parents = new Set([pid]); parents.size > 0; ) {
    const children = all.filter(({ parent }) => parents.has(parent));
    below.push(...children);
    parents = new Set(children.map((child) => child.pid));
  }
  return below;
}

/** Undefined for one that has ended meanwhile. */
async function entryOf(pid: string): Promise<ProcessEntry | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').filter(Boolean);
    return { pid: Number(pid), parent: Number(fieldsOf(stat)[1]), command };
  } catch {
    return undefined;
  }
}

/** Those behind the name, which may have spaces and parentheses in it. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
