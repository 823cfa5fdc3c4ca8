/** Where a process speaks Sleuth: the setting GOBLIN_SLEUTH, and the interface that it names. */
import { networkInterfaces } from 'node:os';
import { GoblinError } from '@goblin/core';
import { type BeaconInterface, beaconInterfaces } from '../discovery/beacon-sockets.ts';

/** That of ZRE, and of Sleuth unless its Config.Port says otherwise. */
export const SLEUTH_PORT = 5_670;

export interface SleuthPlace {
  /** Its name or IPv4 address, such as `eth0` or `10.0.0.7`; `loopback` stays on this machine. */
  readonly interface: string;
  /** UDP port of the beacon, the same for all. Default 5670. */
  readonly port?: number;
}

/** Reads `off`, or an interface's name or IPv4 address, with `:port` or not. Undefined means no Sleuth.
 * @throws CONFIG_INVALID */
export function parseSleuthSetting(text: string): SleuthPlace | undefined {
  if (text === 'off') return undefined;
  const match = /^([A-Za-z0-9_.-]+)(?::(\d{1,5}))?$/.exec(text);
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (!match || (port !== undefined && (port < 1 || port > 65_535))) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `GOBLIN_SLEUTH ${JSON.stringify(text)} is neither off nor an interface such as eth0 or an address of this machine, with :port or without (try eth0 or 10.0.0.7:5670)`,
    });
  }
  return { interface: match[1]!, ...(port !== undefined && { port }) };
}

/** @throws CONFIG_INVALID when this machine has no such interface with an IPv4 address */
export function interfaceOf(name: string): BeaconInterface {
  const [found] = name === 'lan' ? [] : beaconInterfaces(name);
  if (found) return found;
  const there = Object.keys(networkInterfaces()).join(', ');
  throw new GoblinError('CONFIG_INVALID', {
    message: `sleuth's interface ${JSON.stringify(name)} is none of this machine with an IPv4 address; there are loopback, ${there}`,
  });
}
