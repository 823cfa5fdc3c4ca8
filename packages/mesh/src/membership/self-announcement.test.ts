import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_INCARNATION } from '../discovery/announcement.ts';
import { announcement } from '../discovery/testing/recorder.ts';
import { selfAnnouncement } from './self-announcement.ts';

test('each change is a higher incarnation, and where it gossips is part of what it says', () => {
  const self = selfAnnouncement(announcement('tax-1', { address: undefined, incarnation: 5 }), undefined);
  self.gossipsAt(7_946);
  assert.deepEqual([self.now.incarnation, self.now.gossip], [5, { host: '127.0.0.1', port: 7_946 }]);
  self.change({ address: { host: '10.0.0.7', port: 80 }, state: 'ready' });
  assert.equal(self.now.incarnation, 6);
  assert.deepEqual(self.now.gossip, { host: '10.0.0.7', port: 7_946 });
  self.exceed(40);
  assert.equal(self.now.incarnation, 41);
});

test('the highest incarnation that can be told is not exceeded', () => {
  const self = selfAnnouncement(announcement('tax-1'), '192.0.2.7');
  self.exceed(MAX_INCARNATION);
  self.change({ state: 'draining' });
  assert.deepEqual([self.now.incarnation, self.now.state], [MAX_INCARNATION, 'draining']);
});

test('an address that is given holds, for calls to all addresses too', () => {
  const address = { host: '0.0.0.0', port: 80 };
  const self = selfAnnouncement(announcement('tax-1', { address }), '192.0.2.7');
  self.gossipsAt(1);
  assert.deepEqual([self.now.address, self.now.gossip?.host], [{ host: '192.0.2.7', port: 80 }, '192.0.2.7']);
  assert.equal(self.faces('10.0.0.9'), false);
});

test('whom it meets changes what it says only if that changes where it is reached', () => {
  const self = selfAnnouncement(
    announcement('tax-1', { address: { host: '127.0.0.1', port: 80 } }),
    undefined,
  );
  self.gossipsAt(1);
  assert.equal(self.faces('127.0.0.1'), false);
  assert.equal(self.faces('198.51.100.7'), false);
  assert.equal(self.now.gossip?.host, '127.0.0.1');
});
