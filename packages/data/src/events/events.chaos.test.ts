import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '@goblin/core';
import { counted } from '../fixtures/counted-event.ts';
import { embeddedDatabase } from '../fixtures/embedded-database.ts';
import { program, until } from '../fixtures/processes.ts';

const WRITERS = 12;
const ROUNDS = 6;

test('no event is skipped and none has its effect twice, and keys keep their order, whatever is killed', {
  timeout: 180_000,
}, async () => {
  await using embedded = await embeddedDatabase();
  const writer = await embedded.open('writer', WRITERS);
  const reader = await embedded.open('reader', 2);
  await reader.query(
    'create table seen (n int not null, key text not null, place bigint generated always as identity)',
  );
  let next = 0;
  let writing = true;

  /** Only this writer tells of its key, so the order of the key is that of the writer's transactions. */
  async function write(key: string): Promise<void> {
    while (writing) {
      const work = writer.transaction(async (tx) => {
        await counted.publish(tx, { n: next++ }, { key });
        // Commits in another order than ids were given.
        await tx.query('select pg_sleep(random() * 0.01)');
      });
      await work.catch(() => {});
    }
  }

  const writers = Array.from({ length: WRITERS }, (_, n) => write(`writer ${n}`));
  const seen = async (): Promise<number> =>
    (await reader.one<{ count: number }>('select count(*) from seen')).count;
  for (let round = 0; round < ROUNDS; round++) {
    // The number of lanes changes while there is work, also between two processes that run together.
    const consumers = [
      program('event-consumer', embedded.folder, String(1 + (round % 3))),
      program('event-consumer', embedded.folder, String(1 + (round % 2))),
    ];
    await Promise.all(consumers.map((consumer) => consumer.next()));
    const before = await seen();
    await until(async () => (await seen()) > before + 50, 30_000);
    if (round % 2 === 1) await embedded.killServer();
    await Promise.all(consumers.map((consumer) => consumer.kill()));
  }
  writing = false;
  await Promise.all(writers);

  await using last = program('event-consumer', embedded.folder, '2');
  await last.next();
  const published = await writer.many<{ n: number; key: string }>(
    `select (payload->>'n')::int as n, key from goblin.event where type = $1 order by key, n`,
    [counted.type],
  );
  await until(async () => (await seen()) >= published.length, 30_000);
  await sleep(100);
  // Writers number their events as they go, so this is the order of each key, and once each.
  assert.deepEqual(await reader.many('select n, key from seen order by key, place'), published);
  assert.ok(published.length > ROUNDS * 50);
});
