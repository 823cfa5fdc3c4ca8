/** At which address others reach this process. One that listens on a certain address is reached there. One that
 * listens on all of them, or as a pure client on none, takes the address of its machine in the network of those it
 * meets: on a Swarm overlay that is the overlay's, not the bridge's. */
import { isIP } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

export const LOOPBACK = '127.0.0.1';
const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export function isLoopbackHost(host: string): boolean {
  return host.startsWith('127.') || host === '::1' || host === 'localhost';
}

export function isAnyHost(host: string): boolean {
  return ANY.has(host);
}

/** @param listening where we take calls; undefined for a pure client.
 * @param towards an address of somebody we met; undefined when we met nobody yet. */
export function reachableHost(
  listening: string | undefined,
  towards: string | undefined,
  interfaces: readonly NetworkInterfaceInfo[] = Object.values(networkInterfaces()).flatMap(
    (all) => all ?? [],
  ),
): string {
  if (listening !== undefined && !isAnyHost(listening)) {
    if (isIP(listening)) return listening;
    return isLoopbackHost(listening) ? LOOPBACK : outward(towards, interfaces);
  }
  if (listening === undefined && (towards === undefined || isLoopbackHost(towards))) return LOOPBACK;
  return outward(towards, interfaces);
}

/** The address in the other's network; the first one that leaves the machine where none is, or it is not known. */
function outward(towards: string | undefined, interfaces: readonly NetworkInterfaceInfo[]): string {
  const outer = interfaces.filter(({ internal, scopeid }) => !internal && !scopeid);
  const near = towards !== undefined && outer.find((one) => sharesNetwork(one, towards));
  if (near) return near.address;
  return (outer.find(({ family }) => family === 'IPv4') ?? outer[0])?.address ?? LOOPBACK;
}

function sharesNetwork({ cidr, family }: NetworkInterfaceInfo, host: string): boolean {
  if (!cidr || isIP(host) !== (family === 'IPv4' ? 4 : 6)) return false;
  const [network, bits] = cidr.split('/') as [string, string];
  return prefix(network, Number(bits)) === prefix(host, Number(bits));
}

/** The first bits of an address, as text. */
function prefix(host: string, bits: number): string {
  const groups = host.includes(':') ? groupsOf(host) : host.split('.').map((byte) => bitsOf(Number(byte), 8));
  return groups.join('').slice(0, bits);
}

function groupsOf(host: string): string[] {
  const [head = '', tail = ''] = host.split('::') as [string, string?];
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeros = new Array(Math.max(0, 8 - first.length - last.length)).fill('0');
  return [...first, ...zeros, ...last].map((group) => bitsOf(Number.parseInt(group, 16), 16));
}

function bitsOf(value: number, count: number): string {
  return value.toString(2).padStart(count, '0');
}
