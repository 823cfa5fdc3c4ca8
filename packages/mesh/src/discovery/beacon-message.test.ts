import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MAX_CONTRACTS, MAX_INCARNATION } from './announcement.ts';
import {
  assembler,
  type BeaconMessage,
  decodeBeacon,
  encodeBeacon,
  MAX_DATAGRAM_BYTES,
  MIN_DATAGRAM_BYTES,
} from './beacon-message.ts';
import { announcement } from './testing/recorder.ts';

let sequence = 0;
const next = (): number => ++sequence;
const messagesOf = (...args: Parameters<typeof encodeBeacon>): BeaconMessage[] =>
  encodeBeacon(...args).map((plain) => decodeBeacon(plain)!);

test('a usual announcement is one datagram', () => {
  const [message, ...more] = messagesOf('ask', announcement('tax-1'), 1_000, next);
  assert.equal(more.length, 0);
  assert.equal(message!.kind, 'ask');
  assert.equal(message!.sentAt, 1_000);
  assert.deepEqual(assembler().add(message!), announcement('tax-1'));
});

test('the largest announcement is cut into parts below the MTU and put together in any order', () => {
  const big = announcement('x'.repeat(128), {
    service: 's'.repeat(64),
    version: 'v'.repeat(64),
    zone: 'z'.repeat(64),
    weight: 0.123456789012345,
    address: { host: 'h'.repeat(255), port: 65_535 },
    contracts: Array.from({ length: MAX_CONTRACTS }, (_, i) => `contract-${i}`.padEnd(128, 'x')),
    incarnation: MAX_INCARNATION,
    startedAt: 1_790_000_000_000,
  });
  const plain = encodeBeacon('here', big, 1_790_000_000_000, next);
  for (const bytes of plain)
    assert.ok(bytes.length + MIN_DATAGRAM_BYTES <= MAX_DATAGRAM_BYTES, `${bytes.length}`);
  assert.ok(plain.length > 50, `${plain.length} parts`);
  const parts = assembler();
  const messages = plain.map((bytes) => decodeBeacon(bytes)!).reverse();
  const last = messages.pop()!;
  for (const message of messages) assert.equal(parts.add(message), undefined);
  assert.deepEqual(parts.add(last), big);
});

test('parts of different incarnations are never mixed', () => {
  const contracts = Array.from({ length: 60 }, (_, i) => `contract-number-${i}.v1`);
  const parts = assembler();
  const [old] = messagesOf('here', announcement('tax-1', { contracts, incarnation: 1 }), 0, next);
  const [first, second, ...rest] = messagesOf(
    'here',
    announcement('tax-1', { contracts, incarnation: 2 }),
    0,
    next,
  );
  assert.equal(rest.length, 0);
  parts.add(old!);
  assert.equal(parts.add(second!), undefined);
  assert.deepEqual(parts.add(first!)?.contracts, contracts);
});

test('unfinished announcements take bounded memory', () => {
  const contracts = Array.from({ length: 60 }, (_, i) => `contract-number-${i}.v1`);
  const parts = assembler();
  const seconds: BeaconMessage[] = [];
  for (let i = 0; i < 300; i++) {
    const [first, second] = messagesOf('here', announcement(`tax-${i}`, { contracts }), 0, next);
    parts.add(first!);
    seconds.push(second!);
  }
  assert.equal(parts.add(seconds[0]!), undefined);
  assert.ok(parts.add(seconds.at(-1)!));
});

test('what is no message is refused', () => {
  const good = JSON.parse(Buffer.from(encodeBeacon('here', announcement('tax-1'), 0, next)[0]!).toString());
  const wrong = [
    { ...good, kind: 'shout' },
    { ...good, sentAt: 'now' },
    { ...good, sequence: 1.5 },
    { ...good, part: 1 },
    { ...good, part: -1 },
    { ...good, parts: 1_000_000 },
    { ...good, announcement: undefined },
    null,
    7,
  ];
  for (const value of wrong) assert.equal(decodeBeacon(Buffer.from(JSON.stringify(value))), undefined);
  for (let i = 0; i < 200; i++) assert.equal(decodeBeacon(randomBytes(i)), undefined);
});
