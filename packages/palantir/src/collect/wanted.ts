/** What is collected as a team's settings want it, beside what Palantir always collects: Docker, scraped targets, peers that do not send,
 * StatsD, InfluxDB. It may change while it runs: what is no longer wanted ends, and what is the same goes on. */
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { context, pause, Secret } from '@goblin/core';
import type { Labels } from '../model.ts';
import type { StateDatabase } from '../state/state-database.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';
import type { Collector, CollectorTools } from './collector.ts';
import { dockerContainers } from './docker/docker-containers.ts';
import { dockerLogs } from './docker/docker-logs.ts';
import { type InfluxSource, influxPull } from './influx/influx-pull.ts';
import { scrape } from './scrape/scrape.ts';
import { type KnownPeer, silentPeers } from './scrape/silent-peers.ts';
import { statsd } from './statsd/statsd.ts';

const RETRY_MS = 10_000;

/** As it stands in a file. Secrets are named by their files. */
export interface CollectSettings {
  /** The socket of this machine's engine, for containers, their logs and its Swarm: `/var/run/docker.sock`. */
  readonly docker?: string;
  /** Where datagrams of StatsD are taken. */
  readonly statsd?: { readonly host?: string; readonly port?: number };
  readonly scrape?: readonly ScrapedTarget[];
  /** Services whose instances are scraped where they do not send. Default: all that the directory knows. */
  readonly peers?: readonly string[];
  readonly influx?: readonly PulledInflux[];
}

export interface ScrapedTarget {
  readonly url: string;
  readonly labels?: Labels;
}

export interface PulledInflux {
  readonly version: 1 | 2 | 3;
  readonly url: string;
  /** Of versions 1 and 3. */
  readonly database?: string;
  /** Of version 2. */
  readonly organization?: string;
  readonly bucket?: string;
  readonly measurements: readonly string[];
  readonly user?: string;
  readonly passwordFile?: string;
  readonly tokenFile?: string;
  readonly labels?: Labels;
}

export type WantedTools = CollectorTools & {
  readonly state: StateDatabase;
  readonly store: Pick<TelemetryStore, 'append' | 'ingest' | 'series' | 'select'>;
  /** The instances that the directory knows, without this one. */
  readonly peers: () => readonly KnownPeer[];
};

export interface WantedCollectors {
  apply(settings: CollectSettings): void;
  /** Collects until it is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

interface Part {
  readonly name: string;
  readonly settings: unknown;
  make(): Collector | Promise<Collector>;
}

interface Running {
  readonly settings: unknown;
  readonly stop: AbortController;
}

export function wantedCollectors(tools: WantedTools): WantedCollectors {
  const running = new Map<string, Running>();
  /** Those too that are ending. */
  const open = new Set<Promise<void>>();
  let settings: CollectSettings = {};
  let over: AbortSignal | undefined;

  /** What cannot even be made, such as without its secret, is tried again: files come late. */
  async function keep({ name, make }: Part, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await (await make()).run(signal);
      } catch (err) {
        tools.log.warn({ err, collector: name }, 'this cannot be collected; it is tried again');
      }
      await pause(tools.clock, RETRY_MS, signal);
    }
  }

  function adjust(): void {
    if (!over || over.aborted) return;
    const wanted = new Map(partsOf(settings, tools).map((part) => [part.name, part]));
    for (const [name, { settings: before, stop }] of running) {
      if (isDeepStrictEqual(wanted.get(name)?.settings, before)) continue;
      stop.abort();
      running.delete(name);
    }
    for (const [name, part] of wanted) {
      if (running.has(name)) continue;
      const stop = new AbortController();
      running.set(name, { settings: part.settings, stop });
      const ended = context.detach(() => keep(part, AbortSignal.any([stop.signal, over!])));
      open.add(ended);
      void ended.finally(() => open.delete(ended));
    }
  }

  return {
    apply(next) {
      settings = next;
      adjust();
    },
    async run(signal) {
      over = signal;
      adjust();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      running.clear();
      await Promise.all(open);
    },
  };
}

function partsOf(
  { docker, statsd: place, scrape: targets = [], peers: services, influx = [] }: CollectSettings,
  tools: WantedTools,
): Part[] {
  const engine = docker === undefined ? [] : [{ socket: docker }];
  return [
    ...engine.flatMap((options): Part[] => [
      { name: 'docker', settings: options, make: () => dockerContainers(tools, options) },
      { name: 'docker logs', settings: options, make: () => dockerLogs(tools, options) },
    ]),
    ...(place ? [{ name: 'statsd', settings: place, make: () => statsd(tools, place) }] : []),
    ...(targets.length > 0
      ? [{ name: 'scrape', settings: targets, make: () => scraper(tools, targets) }]
      : []),
    ...(services?.length === 0
      ? []
      : [
          {
            name: 'peers',
            settings: { services },
            make: () => silentPeers(tools, { peers: tools.peers, ...(services && { services }) }),
          },
        ]),
    ...influx.map((one) => ({
      name: `influx ${one.url} ${one.database ?? one.bucket ?? ''}`,
      settings: one,
      make: async () =>
        influxPull(tools, {
          source: await sourceOf(one),
          measurements: one.measurements,
          labels: one.labels ?? {},
        }),
    })),
  ];
}

function scraper(tools: WantedTools, targets: readonly ScrapedTarget[]): Collector {
  const all = targets.map(({ url, labels }) => ({ url, labels: labels ?? { instance: new URL(url).host } }));
  return scrape(tools, { targets: () => all });
}

async function sourceOf(one: PulledInflux): Promise<InfluxSource> {
  const { version, url, database = '', organization = '', bucket = '', user } = one;
  const access = {
    url,
    ...(user !== undefined && { user }),
    ...(one.passwordFile !== undefined && { password: await secretIn(one.passwordFile) }),
    ...(one.tokenFile !== undefined && { token: await secretIn(one.tokenFile) }),
  };
  return version === 2 ? { version, ...access, org: organization, bucket } : { version, ...access, database };
}

async function secretIn(file: string): Promise<Secret> {
  return new Secret((await readFile(file, 'utf8')).trim());
}
