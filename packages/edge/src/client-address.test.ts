import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { clientAddress, clientKey, plainAddress, trustedProxies } from './client-address.ts';

test('X-Forwarded-For counts only when a trusted proxy sent it', () => {
  assert.equal(clientAddress('203.0.113.7', '1.2.3.4', trustedProxies([])), '203.0.113.7');
  assert.equal(clientAddress('10.0.0.2', '1.2.3.4', trustedProxies(['10.0.0.0/8'])), '1.2.3.4');
});

test('it is read from the right up to the first address that is not trusted', () => {
  const trust = trustedProxies(['10.0.0.0/8', '::1']);
  assert.equal(clientAddress('10.0.0.2', '6.6.6.6, 1.2.3.4, 10.9.9.9', trust), '1.2.3.4');
  assert.equal(clientAddress('10.0.0.2', '10.0.0.4', trust), '10.0.0.4');
  assert.equal(clientAddress('::1', '2001:db8::1', trust), '2001:db8::1');
  assert.equal(clientAddress('10.0.0.2', 'nonsense, 1.2.3.4, unknown', trust), '10.0.0.2');
});

test('ranges that are none are refused by name', () => {
  for (const range of ['10.0.0.0/33', 'proxy.example.com', '10.0.0', '::1/129', '1.1.1.1/x']) {
    assert.throws(
      () => trustedProxies([range]),
      (error) => isGoblinError(error, 'CONFIG_INVALID') && error.message.includes(range),
    );
  }
});

test('limits per client take an IPv6 subscriber as one client', () => {
  assert.equal(clientKey('2001:db8:1:2:3:4:5:6'), clientKey('2001:db8:1:2::9'));
  assert.notEqual(clientKey('2001:db8:1:2::1'), clientKey('2001:db8:1:3::1'));
  assert.equal(clientKey('::1'), '0:0:0:0::/64');
  assert.equal(clientKey('192.0.2.1'), '192.0.2.1');
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
});
