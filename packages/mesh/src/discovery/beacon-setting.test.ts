import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { beaconPort, parseBeaconSetting } from './beacon-setting.ts';

test('a cluster has the same port everywhere, outside the ephemeral range, and others have others', () => {
  assert.equal(beaconPort('payments'), beaconPort('payments'));
  const names = Array.from({ length: 500 }, (_, i) => `cluster-${i}`);
  const ports = names.map(beaconPort);
  assert.ok(ports.every((port) => port >= 20_000 && port < 30_000));
  assert.ok(new Set(ports).size > 470, `${new Set(ports).size} different ports for 500 clusters`);
});

test('the setting names a scope, a port, both, or off', () => {
  assert.equal(parseBeaconSetting('off'), undefined);
  assert.deepEqual(parseBeaconSetting('lan'), { scope: 'lan' });
  assert.deepEqual(parseBeaconSetting('loopback:27100'), { scope: 'loopback', port: 27_100 });
  assert.deepEqual(parseBeaconSetting('192.168.1.5:27100'), { scope: '192.168.1.5', port: 27_100 });
  assert.deepEqual(parseBeaconSetting('eth0'), { scope: 'eth0' });
  assert.deepEqual(parseBeaconSetting(':27100'), { port: 27_100 });
});

test('a wrong setting is refused with what would be right', () => {
  for (const text of ['', 'lan:0', 'lan:99999', 'lan:x', 'a b', ':']) {
    assert.throws(
      () => parseBeaconSetting(text),
      (error) => isGoblinError(error, 'CONFIG_INVALID') && /GOBLIN_BEACON/.test(error.message),
      text,
    );
  }
});
