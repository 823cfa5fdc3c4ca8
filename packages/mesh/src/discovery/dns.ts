/** Finds peers by a name that stands for all of them: `tasks.<service>` of Docker Swarm, a headless service of
 * Kubernetes, SRV records. It is looked up each second until there is a member at each address, then each CALM_MS;
 * the TTL is ignored, because orchestrators give minutes for what changes within seconds. A name that cannot be
 * resolved is reported and looked up again; what was found before stays. */
import { Resolver } from 'node:dns/promises';
import { GoblinError, type Timer } from '@goblin/core';
import type { Endpoint } from '../peer.ts';
import { contacts } from './contacts.ts';
import type { Finder, FinderContext, RunningFinder } from './finder.ts';
import { readHostAndPort } from './host-and-port.ts';

const PERIOD_MS = 1_000;
const CALM_MS = 5_000;
const TIMEOUT_MS = 2_000;
const TRIES = 2;
const JITTER = 0.1;

export interface DnsOptions {
  /** Such as `tasks.payments`, `payments.shop.svc.cluster.local`, `_http._tcp.payments.example`. */
  readonly name: string;
  /** Default `A`. */
  readonly type?: 'A' | 'AAAA' | 'SRV';
  /** Where the peers listen for calls; SRV records say it themselves. */
  readonly port?: number;
  /** Name servers, `10.0.0.2` or `10.0.0.2:53`. Default: those of this machine. */
  readonly servers?: readonly string[];
}

/** @example dns({ name: 'tasks.payments', port: 4100 })
 * @throws CONFIG_INVALID when the name, the port or a server is wrong. */
export function dns(options: DnsOptions): Finder {
  const { name, type = 'A', port } = options;
  if (!/^[A-Za-z0-9._-]{1,253}$/.test(name))
    throw wrong(`name ${JSON.stringify(name)} is no name (try tasks.payments)`);
  if (type !== 'SRV' && !isPort(port))
    throw wrong(`port ${port} of ${name} is none (try the one its services listen on)`);
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  try {
    if (options.servers) resolver.setServers(options.servers);
  } catch {
    throw wrong(`servers ${JSON.stringify(options.servers)} are not addresses (try 10.0.0.2:53)`);
  }
  return {
    name: 'dns',
    start: async (context) => startDns(context, name, () => resolve(resolver, name, type, port)),
  };
}

/** Reads `tasks.payments:4100` (A records) or `_goblin._tcp.payments.example` (SRV). @throws CONFIG_INVALID */
export function parseDnsSetting(text: string): DnsOptions {
  if (text.startsWith('_')) return { name: text, type: 'SRV' };
  const { host, port } = readHostAndPort(text, 'DNS name');
  return { name: host, port };
}

function startDns(context: FinderContext, name: string, lookUp: () => Promise<Endpoint[]>): RunningFinder {
  const { clock, random } = context;
  const touching = contacts(context, 'dns');
  let found = '';
  let timer: Timer | undefined;
  let stopped = false;

  async function round(): Promise<void> {
    try {
      const addresses = await lookUp();
      const now = JSON.stringify(addresses);
      // Those that are known already are seen to by the contacts themselves.
      if (!stopped && now !== found) touching.use(addresses);
      found = now;
    } catch (error) {
      if (!stopped) touching.complaints.about(`${name} cannot be resolved: ${(error as Error).message}`);
    }
    if (stopped) return;
    const periodMs = touching.complete && found !== '' ? CALM_MS : PERIOD_MS;
    timer = clock.after(periodMs * (1 + JITTER * random()), () => void round());
  }

  void round();
  return {
    announce: () => {},
    async stop() {
      stopped = true;
      timer?.cancel();
      touching.stop();
    },
  };
}

/** Sorted, so that the order that servers give, which they change at will, is no change. */
async function resolve(
  resolver: Resolver,
  name: string,
  type: 'A' | 'AAAA' | 'SRV',
  port: number | undefined,
): Promise<Endpoint[]> {
  if (type === 'SRV') {
    const records = await resolver.resolveSrv(name);
    return records.map((record) => ({ host: record.name, port: record.port })).sort(byHost);
  }
  const hosts = type === 'A' ? await resolver.resolve4(name) : await resolver.resolve6(name);
  return hosts.map((host) => ({ host, port: port! })).sort(byHost);
}

function byHost(one: Endpoint, other: Endpoint): number {
  return one.host === other.host ? one.port - other.port : one.host < other.host ? -1 : 1;
}

function isPort(port: number | undefined): boolean {
  return Number.isInteger(port) && port! >= 1 && port! <= 65_535;
}

function wrong(what: string): GoblinError {
  return new GoblinError('CONFIG_INVALID', { message: `the DNS finder's ${what}` });
}
