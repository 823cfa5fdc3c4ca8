import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '@goblin/core';
import { counted } from '../fixtures/counted-event.ts';
import { embeddedDatabase } from '../fixtures/embedded-database.ts';
import { program, until } from '../fixtures/processes.ts';

const WRITERS = 12;
const ROUNDS = 6;

test('no event is skipped and none has its effect twice, whatever is killed', {
  timeout: 180_000,
}, async () => {
  await using embedded = await embeddedDatabase();
  const writer = await embedded.open('writer', WRITERS);
  const reader = await embedded.open('reader', 2);
  await reader.query('create table seen (n int not null)');
  let next = 0;
  let writing = true;

  async function write(): Promise<void> {
    while (writing) {
      const work = writer.transaction(async (tx) => {
        await counted.publish(tx, { n: next++ });
        // Commits in another order than ids were given.
        await tx.query('select pg_sleep(random() * 0.01)');
      });
      await work.catch(() => {});
    }
  }

  const writers = Array.from({ length: WRITERS }, write);
  const seen = async (): Promise<number> =>
    (await reader.one<{ count: number }>('select count(*) from seen')).count;
  for (let round = 0; round < ROUNDS; round++) {
    const consumers = [
      program('event-consumer', embedded.folder),
      program('event-consumer', embedded.folder),
    ];
    await Promise.all(consumers.map((consumer) => consumer.next()));
    const before = await seen();
    await until(async () => (await seen()) > before + 50, 30_000);
    if (round % 2 === 1) await embedded.killServer();
    await Promise.all(consumers.map((consumer) => consumer.kill()));
  }
  writing = false;
  await Promise.all(writers);

  await using last = program('event-consumer', embedded.folder);
  await last.next();
  const published = await writer.many<{ n: number }>(
    `select (payload->>'n')::int as n from goblin.event where type = $1 order by 1`,
    [counted.type],
  );
  await until(async () => (await seen()) >= published.length, 30_000);
  await sleep(100);
  assert.deepEqual(await reader.many('select n from seen order by 1'), published);
  assert.ok(published.length > ROUNDS * 50);
});
