/** Reads announcements that came over the wire. A sealed message is from our cluster, but perhaps from another
 * release or a broken process, so every field is checked and only known ones are taken over. */
import type { Announcement, Endpoint, LinkDoor, PeerState } from '../peer.ts';

/** Printable ASCII without quotes: safe in logs and of the same length in JSON. */
const TOKEN = /^[!#-[\]-~]+$/;
const MAX_INSTANCE = 128;
const MAX_NAME = 64;
const MAX_CONTRACT = 128;
const MAX_HOST = 255;
/** Of a Unix socket's address. */
const MAX_PATH = 107;
const MAX_WEIGHT = 1_000;
const MAX_LOAD = 1;
/** As many as 48 bits tell, which is what the membership writes them with. */
export const MAX_INCARNATION: number = 2 ** 48 - 1;
export const MAX_CONTRACTS = 500;
const STATES: ReadonlySet<unknown> = new Set<PeerState>(['starting', 'ready', 'draining']);

/** The announcement in `value`, or undefined when it is not one. */
export function parseAnnouncement(value: unknown): Announcement | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const it = value as Record<string, unknown>;
  if (!isToken(it.instance, MAX_INSTANCE) || !isToken(it.version, MAX_NAME)) return undefined;
  if (it.service !== undefined && !isToken(it.service, MAX_NAME)) return undefined;
  if (it.zone !== undefined && !isToken(it.zone, MAX_NAME)) return undefined;
  if (it.tenant !== undefined && !isToken(it.tenant, MAX_NAME)) return undefined;
  if (it.weight !== undefined && !isShare(it.weight, MAX_WEIGHT)) return undefined;
  if (it.load !== undefined && !isShare(it.load, MAX_LOAD)) return undefined;
  if (!isCount(it.incarnation) || it.incarnation > MAX_INCARNATION) return undefined;
  if (!STATES.has(it.state) || !Number.isFinite(it.startedAt)) return undefined;
  if (!Array.isArray(it.contracts) || it.contracts.length > MAX_CONTRACTS) return undefined;
  if (!it.contracts.every((contract) => isToken(contract, MAX_CONTRACT))) return undefined;
  const address = parseEndpoint(it.address);
  const gossip = parseEndpoint(it.gossip);
  const link = parseLink(it.link);
  if (address === 'wrong' || gossip === 'wrong' || link === 'wrong') return undefined;
  return {
    instance: it.instance,
    service: it.service,
    version: it.version,
    contracts: it.contracts as string[],
    address,
    state: it.state as PeerState,
    incarnation: it.incarnation,
    startedAt: it.startedAt as number,
    ...(link && { link }),
    ...(it.zone !== undefined && { zone: it.zone }),
    ...(it.weight !== undefined && { weight: it.weight }),
    ...(gossip !== undefined && { gossip }),
    ...(it.tenant !== undefined && { tenant: it.tenant }),
    ...(it.load !== undefined && { load: it.load }),
  };
}

function parseEndpoint(value: unknown): Endpoint | undefined | 'wrong' {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null) return 'wrong';
  const { host, port } = value as Record<string, unknown>;
  if (!isToken(host, MAX_HOST) || !isCount(port) || port < 1 || port > 65_535) return 'wrong';
  return { host, port };
}

function parseLink(value: unknown): LinkDoor | undefined | 'wrong' {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null) return 'wrong';
  const { tls, path } = value as Record<string, unknown>;
  if (typeof tls !== 'boolean') return 'wrong';
  if (path === undefined) return { tls };
  return isToken(path, MAX_PATH) ? { tls, path } : 'wrong';
}

function isToken(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length <= maxLength && TOKEN.test(value);
}

function isShare(value: unknown, max: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= max;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
