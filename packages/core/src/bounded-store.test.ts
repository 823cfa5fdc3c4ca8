import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedStore } from './bounded-store.ts';

function storeOf(maxBytes: number, maxEntries: number) {
  const told = { bytes: 0, evicted: 0 };
  const store = new BoundedStore({
    maxBytes,
    maxEntries,
    changed(bytes, evicted) {
      told.bytes += bytes;
      told.evicted += evicted;
    },
  });
  const put = (key: string, length: number): void => store.set(key, { bytes: Buffer.alloc(length) });
  return { store, told, put };
}

test('the entry used longest ago goes first', () => {
  const { store, told, put } = storeOf(1e6, 2);
  put('a', 1);
  put('b', 2);
  store.get('a');
  put('c', 3);
  assert.equal(store.get('b'), undefined);
  assert.equal(store.get('a')?.bytes.length, 1);
  assert.equal(told.evicted, 1);
});

test('whatever is put in, bytes and number stay within their bounds and are counted right', () => {
  const { store, told, put } = storeOf(20_000, 30);
  for (let i = 0; i < 5_000; i++) {
    const key = String((i * 7_919) % 61);
    if (i % 11 === 0) store.delete(key);
    else if (i % 977 === 0) store.clear();
    else put(key, (i * 104_729) % 3_000);
    assert.ok(store.bytes <= 20_000 && store.size <= 30, `${store.bytes} bytes, ${store.size} entries`);
    assert.equal(told.bytes, store.bytes);
  }
  for (let i = 0; i < 61; i++) store.delete(String(i));
  assert.equal(store.bytes, 0);
});

test('an entry too large for its share is not kept, and takes the place of none but its own', () => {
  const { store, put } = storeOf(8_000, 10);
  put('other', 10);
  put('key', 10);
  put('key', 2_000);
  assert.equal(store.get('key'), undefined);
  assert.equal(store.get('other')?.bytes.length, 10);
});
