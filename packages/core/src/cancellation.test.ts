import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation, neverCancelled, untilCancelled } from './cancellation.ts';

test('cancelling happens once, tells all listeners the reason, and aborts the signal', () => {
  const cancellation = new Cancellation();
  const { signal } = cancellation;
  const heard: unknown[] = [];
  cancellation.onCancel((reason) => heard.push(reason));
  cancellation.cancel('first');
  cancellation.cancel('second');
  assert.deepEqual([cancellation.cancelled, cancellation.reason, heard], [true, 'first', ['first']]);
  assert.deepEqual([signal.aborted, signal.reason], [true, 'first']);
});

test('a signal that is read after the cancelling is aborted already', () => {
  const cancellation = new Cancellation();
  cancellation.cancel('gone');
  assert.deepEqual([cancellation.signal.aborted, cancellation.signal.reason], [true, 'gone']);
});

test('a listener that comes late is called at once, one that was taken off never', () => {
  const cancellation = new Cancellation();
  const heard: string[] = [];
  const off = cancellation.onCancel(() => heard.push('taken off'));
  off();
  const offLater = () => offLast();
  cancellation.onCancel(offLater);
  const offLast = cancellation.onCancel(() => heard.push('taken off by an earlier listener'));
  cancellation.cancel(undefined);
  cancellation.onCancel(() => heard.push('late'))();
  assert.deepEqual(heard, ['late']);
});

test('untilCancelled gives the promise its way until cancelled, then rejects with the reason', async () => {
  const cancellation = new Cancellation();
  assert.equal(await untilCancelled(cancellation, Promise.resolve(1)), 1);
  await assert.rejects(untilCancelled(cancellation, Promise.reject(new Error('own'))), { message: 'own' });
  const never = untilCancelled(cancellation, new Promise(() => {}));
  const fails = Promise.withResolvers<never>();
  const late = untilCancelled(cancellation, fails.promise);
  cancellation.cancel(new Error('gone'));
  await assert.rejects(never, { message: 'gone' });
  await assert.rejects(late, { message: 'gone' });
  fails.reject(new Error('nobody listens, and nothing is unhandled'));
  await assert.rejects(untilCancelled(cancellation, Promise.resolve(1)), { message: 'gone' });
});

test('a listening object is told once, and not after it was taken off', () => {
  const cancellation = new Cancellation();
  const heard: string[] = [];
  const listeners = ['a', 'b', 'c'].map((name) => ({ cancelled: () => heard.push(name) }));
  for (const listener of listeners) cancellation.listen(listener);
  cancellation.unlisten(listeners[0]!);
  cancellation.unlisten(listeners[0]!);
  cancellation.unlisten(listeners[2]!);
  cancellation.cancel('gone');
  cancellation.listen({ cancelled: (reason) => heard.push(String(reason)) });
  assert.deepEqual(heard, ['b', 'gone']);
});

test('what nobody can cancel stays wanted', () => {
  neverCancelled.listen({ cancelled: () => assert.fail('it was cancelled') });
  neverCancelled.cancel('no');
  assert.deepEqual([neverCancelled.cancelled, neverCancelled.signal.aborted], [false, false]);
});
