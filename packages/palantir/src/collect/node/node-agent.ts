/** The agent of one machine: each period it looks at CPU, load, memory, disks, network and pressure, at the processes of the platform
 * and at their cgroups. On systems without /proc it tells what Node.js knows: CPU, load, memory and the root's disk.
 *
 * A look takes a few milliseconds and one read of each file. A look that the store does not take is given up and counted: the next
 * one says more. What is gone (a process, a mount) is marked as ended. */
import os from 'node:os';
import type { Collector, CollectorTools } from '../collector.ts';
import { collectorMeter } from '../collector-meter.ts';
import { endedSeries } from '../ended-series.ts';
import { keeper } from '../keep.ts';
import { eachPeriod } from '../periods.ts';
import { sampleList } from '../sample-list.ts';
import { addFileSystems } from './file-systems.ts';
import { addMachine, type CpuSum, type MachineShares, sharesOf } from './machine.ts';
import { addProcesses, type WatchedProcess } from './processes.ts';

const NAME = 'node';

export interface NodeAgentOptions {
  /** The label `node`. Default the host's name. */
  readonly node?: string;
  /** Default 5,000. */
  readonly periodMs?: number;
  /** Of the platform, on this machine, now. Default none. */
  readonly processes?: () => readonly WatchedProcess[];
  /** Where the machine's own are seen, for an agent in a container: `/host/proc`, `/host/sys/fs/cgroup`, `/host`. */
  readonly proc?: string;
  readonly cgroups?: string;
  readonly root?: string;
}

export interface NodeAgent extends Collector {
  /** As seen last. */
  readonly shares: MachineShares;
}

export function nodeAgent(tools: CollectorTools, options: NodeAgentOptions = {}): NodeAgent {
  const { node = os.hostname(), periodMs = 5_000, processes = () => [] } = options;
  const { proc = '/proc', cgroups = '/sys/fs/cgroup', root = '/' } = options;
  const { clock } = tools;
  const meter = collectorMeter(NAME, tools.metrics, tools.log);
  const keep = keeper(tools, meter);
  const series = endedSeries();
  let shares: MachineShares = {};
  let sum: CpuSum | undefined;

  async function look(): Promise<void> {
    const atMs = clock.wall();
    const list = sampleList(atMs, { node });
    await addMachine(list, proc);
    ({ sum, ...shares } = sharesOf(list, sum));
    await addFileSystems(list, proc, root);
    await addProcesses(list, processes(), proc, cgroups);
    meter.succeeded(node);
    await keep.atOnce({ samples: series.marked(list.samples, atMs) });
  }

  return {
    name: NAME,
    get shares() {
      return shares;
    },
    run: (signal) =>
      eachPeriod(clock, periodMs, signal, () => look().catch((error: unknown) => meter.failed(node, error))),
  };
}
