import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { type Endpoint, hostAndPort } from '../peer.ts';
import { contacts } from './contacts.ts';
import { announcement, testProcess } from './testing/recorder.ts';

const at = (number: number): Endpoint => ({ host: `10.0.0.${number}`, port: 80 });

/** A finder's contacts, in a world where `members` are there. */
function setUp() {
  const clock = virtualClock();
  const members = new Set<string>();
  const asked: string[] = [];
  const process = testProcess(announcement('tax-1', { address: at(1) }), { clock, random: () => 0.5 });
  const touching = contacts(
    {
      ...process,
      listensAt: (address) => members.has(hostAndPort(address)),
      isMember: (instance) => members.has(instance),
      async contact(address) {
        asked.push(hostAndPort(address));
        if (!members.has(`up ${hostAndPort(address)}`)) throw new Error('nobody is there');
        return `member-at-${address.host}`;
      },
    },
    'test',
  );
  return { clock, members, asked, touching, telemetry: process.telemetry };
}

test('addresses where no member is are asked at once, then every three seconds until one is', async () => {
  const { clock, members, asked, touching, telemetry } = setUp();
  members.add('up 10.0.0.2:80').add('member-at-10.0.0.2');
  touching.use([at(2), at(3)]);
  await clock.advance(0);
  assert.deepEqual(asked.sort(), ['10.0.0.2:80', '10.0.0.3:80']);
  assert.equal(touching.complete, false);
  await clock.advance(3_000);
  assert.deepEqual(asked.slice(2), ['10.0.0.3:80']);
  members.add('10.0.0.3:80');
  await clock.advance(30_000);
  assert.equal(asked.length, 3);
  assert.ok(touching.complete);
  assert.equal(telemetry.value('mesh_finder_contacts_total{test,ok}'), 1);
  assert.equal(telemetry.value('mesh_finder_contacts_total{test,failed}'), 2);
  touching.stop();
});

test('who has gone is asked again: so two halves of a cut network meet', async () => {
  const { clock, members, asked, touching } = setUp();
  members.add('up 10.0.0.2:80').add('member-at-10.0.0.2');
  touching.use([at(2)]);
  await clock.advance(10_000);
  assert.equal(asked.length, 1);
  members.delete('member-at-10.0.0.2');
  await clock.advance(3_000);
  assert.equal(asked.length, 2);
  touching.stop();
});

test('of many addresses only as many are asked as it takes, and oneself never', async () => {
  const { clock, members, asked, touching } = setUp();
  const many = Array.from({ length: 200 }, (_, i) => at(i + 1));
  const first = Promise.withResolvers<void>();
  for (const address of many) members.add(`up ${hostAndPort(address)}`);
  touching.use(many);
  // The first answer tells of all others.
  for (const address of many) members.add(hostAndPort(address));
  first.resolve();
  await clock.advance(10_000);
  assert.equal(asked.length, 3);
  assert.ok(!asked.includes('10.0.0.1:80'));
  touching.stop();
});

test('what fails is said once a minute', async () => {
  const { clock, touching, telemetry } = setUp();
  touching.use([at(2)]);
  await clock.advance(59_000);
  assert.deepEqual(telemetry.warnings, ['test: 10.0.0.2:80 did not exchange peers: nobody is there']);
  touching.stop();
});

test('nothing is asked after it was stopped', async () => {
  const { clock, asked, touching } = setUp();
  touching.use([at(2)]);
  touching.stop();
  await clock.advance(10_000);
  assert.equal(asked.length, 1);
});
