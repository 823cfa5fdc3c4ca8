/** Collects what Docker's containers on this machine use and how they are: state, restarts, HEALTHCHECK, CPU, memory, network, disk.
 * When the health of a container changes, the check's last output becomes a log line of its service, because a number cannot
 * say why.
 *
 * Of a Swarm's manager also what each service should run and does.
 *
 * A container that cannot be asked costs its own samples only. One that is gone is marked as ended. */
import os from 'node:os';
import type { LogLine } from '../../model.ts';
import type { Collector, CollectorTools } from '../collector.ts';
import { collectorMeter } from '../collector-meter.ts';
import { endedSeries } from '../ended-series.ts';
import { inParallel } from '../in-parallel.ts';
import { keeper } from '../keep.ts';
import { eachPeriod } from '../periods.ts';
import { type SampleList, sampleList } from '../sample-list.ts';
import { type ContainerIdentity, identityOf } from './container-identity.ts';
import { addStatus, addUse, type CpuCount } from './container-samples.ts';
import type {
  ContainerEntry,
  ContainerHealth,
  ContainerInspect,
  ContainerStats,
  SwarmNodeEntry,
  SwarmServiceEntry,
} from './docker-answers.ts';
import { DOCKER_SOCKET, dockerEngine } from './docker-engine.ts';
import { addSwarm } from './swarm-samples.ts';

const NAME = 'docker';
/** The engine takes some milliseconds for each. */
const PARALLEL = 8;
/** Containers of one machine; more are not looked at. */
const MAX_CONTAINERS = 1_000;
const MAX_OUTPUT_CHARACTERS = 4_096;
const SEVERITY = { info: 9, error: 17 };

export interface DockerOptions {
  /** Default /var/run/docker.sock. */
  readonly socket?: string;
  /** The label `node`. Default the host's name. */
  readonly node?: string;
  /** Default 10,000. */
  readonly periodMs?: number;
}

export function dockerContainers(tools: CollectorTools, options: DockerOptions = {}): Collector {
  const { socket = DOCKER_SOCKET, node = os.hostname(), periodMs = 10_000 } = options;
  const { clock } = tools;
  const engine = dockerEngine(clock, socket);
  const meter = collectorMeter(NAME, tools.metrics, tools.log);
  const keep = keeper(tools, meter);
  const series = endedSeries();
  let cpu = new Map<string, CpuCount>();
  let health = new Map<string, string>();

  async function look(signal: AbortSignal): Promise<void> {
    const atMs = clock.wall();
    const list = sampleList(atMs, { node });
    const logs: LogLine[] = [];
    const nextCpu = new Map<string, CpuCount>();
    const nextHealth = new Map<string, string>();
    const all = await engine.get<ContainerEntry[]>('/containers/json?all=1', signal);
    addCounts(list, all);

    await inParallel(all.slice(0, MAX_CONTAINERS), PARALLEL, async (entry) => {
      const identity = identityOf(entry);
      const { service, name, image, version } = identity;
      const own = list.labelled({
        service,
        container_name: name,
        container_image: image,
        container_version: version,
      });
      const isRunning = entry.State === 'running';
      const [inspect, stats] = await Promise.all([
        engine.get<ContainerInspect>(`/containers/${entry.Id}/json`, signal),
        isRunning &&
          engine.get<ContainerStats>(`/containers/${entry.Id}/stats?stream=false&one-shot=true`, signal),
      ]).catch(() => []); // It was removed meanwhile.
      if (!inspect) return;
      addStatus(own, inspect);
      const counted = stats ? addUse(own, stats, cpu.get(entry.Id)) : undefined;
      if (counted) nextCpu.set(entry.Id, counted);
      const { Health: now } = inspect.State;
      if (!now) return;
      nextHealth.set(entry.Id, now.Status);
      const line = healthLine(now, health.get(entry.Id), identity, node, atMs);
      if (line) logs.push(line);
    });
    const { Swarm } = await engine.get<{ Swarm?: { ControlAvailable?: boolean } }>('/info', signal);
    if (Swarm?.ControlAvailable) {
      const services = await engine.get<SwarmServiceEntry[]>('/services?status=true', signal);
      addSwarm(list, services, await engine.get<SwarmNodeEntry[]>('/nodes', signal));
    }
    cpu = nextCpu;
    health = nextHealth;
    meter.succeeded(socket);
    await keep.atOnce({ samples: series.marked(list.samples, atMs), logs });
  }

  return {
    name: NAME,
    run: (signal) =>
      eachPeriod(clock, periodMs, signal, () =>
        look(signal).catch((error: unknown) => {
          if (!signal.aborted) meter.failed(socket, error);
        }),
      ),
  };
}

function addCounts(list: SampleList, all: readonly ContainerEntry[]): void {
  const of = (state: string): number => all.filter(({ State }) => State === state).length;
  list.add('docker_n_containers', all.length);
  list.add('docker_n_containers_running', of('running'));
  list.add('docker_n_containers_paused', of('paused'));
  list.add('docker_n_containers_stopped', of('exited'));
}

/** When it became unhealthy, or is well again. */
function healthLine(
  { Status, FailingStreak, Log }: ContainerHealth,
  before: string | undefined,
  { name, service, version }: ContainerIdentity,
  node: string,
  atMs: number,
): LogLine | undefined {
  const isBad = Status === 'unhealthy';
  if (isBad === (before === 'unhealthy') || (!isBad && Status !== 'healthy')) return undefined;
  const last = Log?.at(-1);
  const output = last?.Output.trim().slice(0, MAX_OUTPUT_CHARACTERS).toWellFormed() ?? '';
  return {
    atMs: (last && Date.parse(last.End)) || atMs,
    severity: isBad ? SEVERITY.error : SEVERITY.info,
    body: isBad
      ? `the health check of ${name} fails: ${output}`
      : `the health check of ${name} succeeds again`,
    service,
    attributes: {
      ...{ node, container_name: name, container_version: version },
      'health.failing_streak': String(FailingStreak),
      'health.exit_code': String(last?.ExitCode ?? ''),
    },
  };
}
