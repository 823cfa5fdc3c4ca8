import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Thread } from './thread.ts';

function moody(): Thread & AsyncDisposable {
  const thread = new Thread(new URL('../fixtures/moody-thread.ts', import.meta.url), undefined);
  return Object.assign(thread, { [Symbol.asyncDispose]: () => thread.close() });
}

/** A thread that died is started again after a pause. */
async function untilBack(thread: Thread): Promise<void> {
  for (;;) {
    try {
      await thread.call('echo', 1);
      return;
    } catch (error) {
      assert.equal((error as { code: string }).code, 'UNAVAILABLE');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

test('a call brings parts, an answer or a coded error', async () => {
  await using thread = moody();
  const parts: unknown[] = [];
  const [echo, count] = await Promise.all([
    thread.call('echo', { a: 1n }),
    thread.call('count', 3, { onPart: (part) => parts.push(part) }),
  ]);
  assert.deepEqual([echo, count, parts], [{ a: 1n }, 3, [0, 1, 2]]);
  await assert.rejects(thread.call('fail', 0), { code: 'NOT_FOUND', data: { key: 1 } });
  assert.equal(thread.openCalls, 0);
});

test('when the thread dies its calls fail, and it comes back', async () => {
  await using thread = moody();
  for (const end of ['die', 'leave']) {
    const calls = [thread.call(end, 0), thread.call('echo', 0)];
    for (const call of await Promise.allSettled(calls))
      assert.equal(call.status === 'rejected' && call.reason.code, 'UNAVAILABLE');
    await untilBack(thread);
  }
});

test('a busy thread is told that nobody waits any more', async () => {
  await using thread = moody();
  const stop = new AbortController();
  const hung = thread.call('hang', 0, { signal: stop.signal });
  const next = thread.call('echo', 5);
  stop.abort();
  await assert.rejects(hung, { code: 'CANCELED' });
  assert.equal(await next, 5);
  await assert.rejects(thread.call('echo', 0, { signal: stop.signal }), { code: 'CANCELED' });
});

test('a thread that does not answer at all is ended, and comes back', async () => {
  await using thread = moody();
  await assert.rejects(thread.call('hang', 0, { timeoutMs: 200 }), { code: 'DEADLINE_EXCEEDED' });
  await untilBack(thread);
});
