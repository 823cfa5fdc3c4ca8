/** Who is calling. The address is that of the connection, unless a trusted proxy stands there: then it is the
 * nearest address in X-Forwarded-For, read from the right, that is not a trusted proxy itself. Whatever
 * stands further left was written by a stranger and counts for nothing. */
import { BlockList, isIP } from 'node:net';
import { GoblinError } from '@goblin/core';

/** How many entries of X-Forwarded-For are looked at. */
const MAX_HOPS = 32;

export interface ProxyTrust {
  includes(address: string): boolean;
}

/** @param ranges addresses or CIDR ranges: `10.0.0.0/8`, `::1`. @throws CONFIG_INVALID */
export function trustedProxies(ranges: readonly string[]): ProxyTrust {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const bits = prefix === undefined ? undefined : Number(prefix);
    const maxBits = family === 'ipv6' ? 128 : 32;
    if (
      isIP(address) === 0 ||
      (bits !== undefined && !(Number.isInteger(bits) && bits >= 0 && bits <= maxBits))
    ) {
      throw new GoblinError('CONFIG_INVALID', {
        message: `trustedProxies: ${JSON.stringify(range)} is not an address or a range such as 10.0.0.0/8`,
      });
    }
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, bits, family);
  }
  if (ranges.length === 0) return { includes: () => false };
  return { includes: (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') };
}

/** The address of a socket in its usual form: IPv4 that came through an IPv6 socket is written as IPv4. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return '0.0.0.0';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** @param from the plain address of the connection. */
export function clientAddress(from: string, forwardedFor: string | undefined, trust: ProxyTrust): string {
  if (forwardedFor === undefined || !trust.includes(from)) return from;
  const hops = forwardedFor.split(',').slice(-MAX_HOPS);
  let client = from;
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = plainAddress(hops[i]!.trim());
    if (isIP(hop) === 0) return client;
    client = hop;
    if (!trust.includes(hop)) return client;
  }
  return client;
}

/** What a limit per client counts by: the address, of IPv6 the /64 that one subscriber is given. */
export function clientKey(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`;
}
