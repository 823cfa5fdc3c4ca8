import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { clusterKey, SEAL_BYTES } from './cluster-key.ts';

const NEW = 'the new secret of a cluster';
const OLD = 'the old secret of a cluster';
const plain = Buffer.from('a peer is here');

test('what one member seals another opens', () => {
  const sealed = clusterKey({ cluster: 'shop', secret: NEW }).seal(plain);
  assert.equal(sealed.length, plain.length + SEAL_BYTES);
  assert.deepEqual(clusterKey({ cluster: 'shop', secret: NEW }).open(sealed), plain);
});

test('the same words are sealed differently each time', () => {
  const key = clusterKey({ cluster: 'shop', secret: NEW });
  assert.notDeepEqual(key.seal(plain), key.seal(plain));
});

test('another secret, or the same secret of another cluster, opens nothing', () => {
  const sealed = clusterKey({ cluster: 'shop', secret: NEW }).seal(plain);
  assert.equal(clusterKey({ cluster: 'shop', secret: OLD }).open(sealed), undefined);
  assert.equal(clusterKey({ cluster: 'bank', secret: NEW }).open(sealed), undefined);
});

test('a secret is replaced without a moment in which members do not understand each other', () => {
  const before = clusterKey({ cluster: 'shop', secret: OLD });
  const first = clusterKey({ cluster: 'shop', secret: [OLD, NEW] });
  const second = clusterKey({ cluster: 'shop', secret: [NEW, OLD] });
  const after = clusterKey({ cluster: 'shop', secret: NEW });
  const pairs = [
    [before, first],
    [first, second],
    [second, after],
  ] as const;
  for (const [one, other] of pairs) {
    assert.deepEqual(other.open(one.seal(plain)), plain);
    assert.deepEqual(one.open(other.seal(plain)), plain);
  }
  assert.equal(after.open(before.seal(plain)), undefined);
});

test('a message with any bit changed, cut short or made of garbage does not open', () => {
  const key = clusterKey({ cluster: 'shop', secret: [NEW, OLD] });
  const sealed = key.seal(plain);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(key.open(changed), undefined, `bit ${bit}`);
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(key.open(sealed.subarray(0, length)), undefined, `${length} bytes`);
  }
  for (let i = 0; i < 500; i++) assert.equal(key.open(randomBytes(i)), undefined);
});

test('a short or missing secret is refused with what would be right', () => {
  for (const secret of ['short', [], [NEW, '']]) {
    assert.throws(
      () => clusterKey({ cluster: 'shop', secret }),
      (error) => isGoblinError(error, 'CONFIG_INVALID') && /shop/.test(error.message),
    );
  }
});
