/** Where a beacon speaks: the setting GOBLIN_BEACON, and the port that a cluster's name stands for. */
import { GoblinError } from '@goblin/core';
import type { BeaconScope } from './beacon-sockets.ts';

/** A range that systems neither reserve nor give out as ephemeral ports. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;

export interface BeaconOptions {
  /** Default `loopback`: nothing leaves this machine unless asked to. */
  readonly scope?: BeaconScope;
  /** UDP. Default: derived from the cluster's name, so that clusters keep apart by themselves. */
  readonly port?: number;
}

/** The default port of a cluster, from 20000 to 29999. FNV-1a over its name. */
export function beaconPort(cluster: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(cluster)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return FIRST_PORT + (hash % PORTS);
}

/** Reads `off`, `loopback`, `lan`, an interface's name or IPv4 address, each with `:port` or not; or `:port` alone.
 * Undefined means no beacon. @throws CONFIG_INVALID */
export function parseBeaconSetting(text: string): BeaconOptions | undefined {
  if (text === 'off') return undefined;
  const match = /^([A-Za-z0-9_.-]*)(?::(\d{1,5}))?$/.exec(text);
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (!match || text === '' || (port !== undefined && (port < 1 || port > 65_535))) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `GOBLIN_BEACON ${JSON.stringify(text)} is none of off, loopback, lan, an interface such as eth0, an address of this machine; with :port or without (try lan or loopback:27100)`,
    });
  }
  return { ...(match[1] !== '' && { scope: match[1]! }), ...(port !== undefined && { port }) };
}
