import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, virtualClock } from '@goblin/core';
import { hostAndPort } from '../peer.ts';
import { type DnsOptions, dns, parseDnsSetting } from './dns.ts';
import { startDnsServer } from './testing/dns-server.ts';
import { announcement, testProcess, until } from './testing/recorder.ts';

async function start(options: DnsOptions) {
  const clock = virtualClock();
  const process = testProcess(announcement('tax-1'), { clock });
  const asked = new Set<string>();
  const members = new Set<string>();
  const running = await dns(options).start({
    ...process,
    listensAt: (address) => members.has(hostAndPort(address)),
    async contact(address) {
      asked.add(hostAndPort(address));
      members.add(hostAndPort(address));
      return address.host;
    },
  });
  return { clock, asked, telemetry: process.telemetry, [Symbol.asyncDispose]: () => running.stop() };
}

test('all addresses of a name are found, again and again whatever the TTL says', async () => {
  await using server = await startDnsServer('tasks.payments', { A: ['10.0.9.3', '10.0.9.4'] });
  await using found = await start({ name: 'tasks.payments', port: 4_100, servers: [server.address] });
  await until('both are asked', () => found.asked.size === 2);
  assert.deepEqual([...found.asked].sort(), ['10.0.9.3:4100', '10.0.9.4:4100']);
  server.records = { A: ['10.0.9.4', '10.0.9.5'] };
  await until('the newcomer is found', () => {
    void found.clock.advance(500);
    return found.asked.has('10.0.9.5:4100');
  });
});

test('IPv6 addresses and services with ports of their own are found', async () => {
  await using server = await startDnsServer('payments.example', {
    AAAA: ['fd00:1::9'],
    SRV: [{ name: 'node-1.example', port: 4_711 }],
  });
  const options = { name: 'payments.example', servers: [server.address] };
  await using six = await start({ ...options, type: 'AAAA', port: 4_100 });
  await using srv = await start({ ...options, type: 'SRV' });
  await until('both are asked', () => six.asked.size === 1 && srv.asked.size === 1);
  assert.deepEqual([...six.asked, ...srv.asked], ['[fd00:1::9]:4100', 'node-1.example:4711']);
});

test('it is looked up at most each second, and more seldom once all are members', async () => {
  await using server = await startDnsServer('tasks.payments', { A: ['10.0.9.3'] });
  await using found = await start({ name: 'tasks.payments', port: 4_100, servers: [server.address] });
  await until('it is asked', () => found.asked.size === 1);
  const before = server.queries;
  for (let i = 0; i < 45; i++) {
    await found.clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(server.queries - before <= 1, `${server.queries - before} queries in 4.5 s`);
});

test('a name that cannot be resolved is reported, and found when it can', async () => {
  await using server = await startDnsServer('tasks.other', {});
  await using found = await start({ name: 'tasks.payments', port: 4_100, servers: [server.address] });
  await until('it is reported', () => found.telemetry.warnings.length === 1);
  assert.match(found.telemetry.warnings[0]!, /dns: tasks\.payments cannot be resolved: .*ENOTFOUND/);
  await using late = await startDnsServer('tasks.payments', { A: ['10.0.9.3'] });
  await using again = await start({ name: 'tasks.payments', port: 4_100, servers: [late.address] });
  await until('it is asked', () => again.asked.size === 1);
});

test('what is wrong is said before anything starts', () => {
  for (const options of [
    { name: 'a b', port: 1 },
    { name: 'tasks.payments' },
    { name: 'tasks.payments', port: 70_000 },
    { name: 'tasks.payments', port: 80, servers: ['no address'] },
  ]) {
    assert.throws(
      () => dns(options),
      (error) => isGoblinError(error, 'CONFIG_INVALID') && /DNS finder/.test(error.message),
    );
  }
});

test('a name is written with its port, or as a service that has one', () => {
  assert.deepEqual(parseDnsSetting('tasks.payments:4100'), { name: 'tasks.payments', port: 4_100 });
  assert.deepEqual(parseDnsSetting('_goblin._tcp.payments'), { name: '_goblin._tcp.payments', type: 'SRV' });
  assert.throws(
    () => parseDnsSetting('tasks.payments'),
    (error) => isGoblinError(error, 'CONFIG_INVALID'),
  );
});
