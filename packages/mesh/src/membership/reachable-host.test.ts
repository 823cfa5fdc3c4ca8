import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reachableHost } from './reachable-host.ts';

const card = (address: string, cidr: string, internal = false) => ({
  address,
  cidr,
  internal,
  family: address.includes(':') ? ('IPv6' as const) : ('IPv4' as const),
  netmask: '',
  mac: '',
  ...(address.includes(':') ? { scopeid: 0 } : {}),
});

/** A Swarm task: loopback, the bridge to its host, the overlay, and an IPv6 network. */
const interfaces = [
  card('127.0.0.1', '127.0.0.1/8', true),
  card('172.18.0.5', '172.18.0.5/16'),
  card('10.0.9.14', '10.0.9.14/24'),
  card('fd00:1::7', 'fd00:1::7/64'),
] as Parameters<typeof reachableHost>[2];

test('who listens on one address is reached there', () => {
  assert.equal(reachableHost('10.0.9.14', '172.18.0.1', interfaces), '10.0.9.14');
  assert.equal(reachableHost('127.0.0.1', '10.0.9.3', interfaces), '127.0.0.1');
  assert.equal(reachableHost('localhost', undefined, interfaces), '127.0.0.1');
});

test('who listens on all is reached at the address in the network of whom it meets', () => {
  assert.equal(reachableHost('0.0.0.0', '10.0.9.3', interfaces), '10.0.9.14');
  assert.equal(reachableHost('::', 'fd00:1::9', interfaces), 'fd00:1::7');
  assert.equal(reachableHost('payments.local', '10.0.9.3', interfaces), '10.0.9.14');
});

test('where that says nothing, the first address that leaves the machine is given', () => {
  for (const towards of [undefined, '192.168.1.1', 'seed.example', '127.0.0.1']) {
    assert.equal(reachableHost('0.0.0.0', towards, interfaces), '172.18.0.5');
  }
  assert.equal(reachableHost('0.0.0.0', undefined, []), '127.0.0.1');
});

test('a pure client stays on loopback until it meets somebody beyond', () => {
  assert.equal(reachableHost(undefined, undefined, interfaces), '127.0.0.1');
  assert.equal(reachableHost(undefined, '127.0.0.1', interfaces), '127.0.0.1');
  assert.equal(reachableHost(undefined, '10.0.9.3', interfaces), '10.0.9.14');
});
