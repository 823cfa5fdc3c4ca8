import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation, context } from '@goblin/core';
import { openStream } from './open-stream.ts';

async function* numbers(to: number, onEnd: () => void = () => {}): AsyncGenerator<number> {
  try {
    for (let i = 1; i <= to; i++) yield i;
  } finally {
    onEnd();
  }
}

const collect = (items: AsyncIterable<unknown>): Promise<unknown[]> => Array.fromAsync(items);

test('all items come, the first one too, and then it has ended', async () => {
  const { items, ended } = await openStream(async () => numbers(3));
  assert.deepEqual(await collect(items), [1, 2, 3]);
  await ended;
});

test('an empty stream has ended at once', async () => {
  const { items, ended } = await openStream(async () => numbers(0));
  await ended;
  assert.deepEqual(await collect(items), []);
});

test('what fails before the first item fails the opening, so that it can be tried elsewhere', async () => {
  await assert.rejects(
    openStream(async () => {
      throw new Error('refused');
    }),
    /refused/,
  );
  const broken = (async function* (): AsyncGenerator<number> {
    yield* [];
    throw new Error('broke off');
  })();
  await assert.rejects(
    openStream(async () => broken),
    /broke off/,
  );
});

test('what fails later fails the reader, and ends it', async () => {
  const broken = (async function* (): AsyncGenerator<number> {
    yield 1;
    throw new Error('broke off');
  })();
  const { items, ended } = await openStream(async () => broken);
  await assert.rejects(collect(items), /broke off/);
  await ended;
});

test('a reader that leaves ends it and what produces the items', async () => {
  let stopped = false;
  const { items, ended } = await openStream(async () =>
    numbers(9, () => {
      stopped = true;
    }),
  );
  for await (const item of items) if (item === 2) break;
  await ended;
  assert.ok(stopped);
});

test('it ends with its context although nobody reads it', async () => {
  const cancellation = new Cancellation();
  const { ended } = await context.run({ cancellation }, () => openStream(async () => numbers(9)));
  cancellation.cancel(new Error('the caller left'));
  await ended;
});
