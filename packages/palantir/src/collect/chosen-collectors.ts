/** The collectors that run only where somebody asks for them: Docker, StatsD, other targets of scrapes, databases of others. */
import { readFileSync } from 'node:fs';
import { type Clock, GoblinError, Secret } from '@goblin/core';
import type { StateDatabase } from '../state/state-database.ts';
import type { SwarmSource } from '../swarm/swarm-state.ts';
import type { Collector, CollectorTools } from './collector.ts';
import { type DockerOptions, dockerContainers } from './docker/docker-containers.ts';
import { dockerLogs } from './docker/docker-logs.ts';
import { dockerSwarm } from './docker/docker-swarm.ts';
import { type InfluxPullOptions, type InfluxSource, influxPull } from './influx/influx-pull.ts';
import type { MachineShares } from './node/machine.ts';
import { type ScrapeTarget, type ScrapeTools, scrape } from './scrape/scrape.ts';
import { type StatsdOptions, statsd } from './statsd/statsd.ts';

/** Plain data, as a configuration file holds it. What is not named does not run. */
export interface CollectOptions {
  /** Containers of this machine, the Swarm where it is a manager of one, and logs unless `logs` is false. */
  readonly docker?: DockerOptions & { readonly logs?: boolean };
  readonly statsd?: StatsdOptions;
  /** Whose metrics are read each 5 s, besides those of the platform. */
  readonly scrape?: readonly ScrapeTarget[];
  readonly influx?: readonly InfluxOptions[];
}

/** Secrets are in files. */
export type InfluxOptions = Omit<InfluxPullOptions, 'source'> & {
  readonly source: WithFiles<InfluxSource>;
};

type WithFiles<Source> = Source extends unknown
  ? Omit<Source, 'token' | 'password' | 'fetch'> & {
      readonly tokenFile?: string;
      readonly passwordFile?: string;
    }
  : never;

type Tools = CollectorTools & ScrapeTools & { readonly state: StateDatabase };

/** @throws CONFIG_INVALID where a file of a secret cannot be read */
export function chosenCollectors(
  tools: Tools,
  { docker, statsd: udp, scrape: targets, influx = [] }: CollectOptions,
): Collector[] {
  return [
    ...(docker ? [dockerContainers(tools, docker)] : []),
    ...(docker && docker.logs !== false ? [dockerLogs(tools, docker)] : []),
    ...(udp ? [statsd(tools, udp)] : []),
    ...(targets ? [scrape(tools, { targets: () => targets })] : []),
    ...influx.map((one) => influxPull(tools, { ...one, source: withSecrets(one.source) })),
  ];
}

/** What Docker tells of the swarm, where it is asked for. */
export function chosenSwarm(
  { docker }: CollectOptions,
  clock: Clock,
  shares: () => MachineShares,
): SwarmSource[] {
  return docker ? [dockerSwarm({ ...docker, clock, shares })] : [];
}

function withSecrets({ tokenFile, passwordFile, ...source }: WithFiles<InfluxSource>): InfluxSource {
  return {
    ...source,
    ...(tokenFile !== undefined && { token: secretIn(tokenFile, 'tokenFile') }),
    ...(passwordFile !== undefined && { password: secretIn(passwordFile, 'passwordFile') }),
  };
}

function secretIn(path: string, option: string): Secret {
  try {
    return new Secret(readFileSync(path, 'utf8').trim());
  } catch (cause) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `collect.influx: the file ${path} that ${option} names cannot be read: ${(cause as Error).message}`,
      cause,
    });
  }
}
