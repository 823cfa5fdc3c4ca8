import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerStore, answerOf } from './answer-store.ts';

function storeOf(maxBytes: number, maxEntries: number) {
  const told = { bytes: 0, evicted: 0 };
  const store = new AnswerStore(maxBytes, maxEntries, (bytes, evicted) => {
    told.bytes += bytes;
    told.evicted += evicted;
  });
  return { store, told };
}

test('the answer used longest ago goes first', () => {
  const { store, told } = storeOf(1e6, 2);
  store.set('a', 1, 0);
  store.set('b', 2, 0);
  store.get('a');
  store.set('c', 3, 0);
  assert.equal(store.get('b'), undefined);
  assert.equal(answerOf(store.get('a')!), 1);
  assert.equal(told.evicted, 1);
});

test('an answer that was asked for earlier does not take the place of a newer one', () => {
  const { store } = storeOf(1e6, 10);
  store.set('key', 'newer', 2);
  store.set('key', 'older', 1);
  assert.equal(answerOf(store.get('key')!), 'newer');
});

test('an answer too large for its share, or that is not data, is not kept, and takes the place of none but its own', () => {
  const { store } = storeOf(8_000, 10);
  store.set('other', 'kept', 0);
  for (const answer of ['x'.repeat(2_000), () => {}]) {
    store.set('key', 'old', 0);
    store.set('key', answer, 0);
    assert.equal(store.get('key'), undefined);
  }
  assert.equal(answerOf(store.get('other')!), 'kept');
});

test('an answer comes back anew each time, dates and maps too', () => {
  const { store } = storeOf(1e6, 10);
  const answer = { at: new Date(1), map: new Map([[1n, undefined]]), list: [1, null] };
  store.set('key', answer, 0);
  answer.list.push(2);
  const read = (): unknown => answerOf(store.get('key')!);
  assert.deepEqual(read(), { at: new Date(1), map: new Map([[1n, undefined]]), list: [1, null] });
  assert.notEqual(read(), read());
});
