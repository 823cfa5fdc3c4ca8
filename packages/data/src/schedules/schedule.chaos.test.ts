import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '../database/sql.ts';
import { embeddedDatabase } from '../fixtures/embedded-database.ts';
import { type Program, program, until } from '../fixtures/processes.ts';

const KILLS = 6;

test('with three processes of which one is killed each second, and the server once, each slot has its effect exactly once', async () => {
  await using embedded = await embeddedDatabase();
  const db = await embedded.open('chaos');
  await db.query('create table effect (slot timestamptz not null)');
  const slots = async (): Promise<number[]> => {
    const rows = await db.many<{ slot: Date }>('select slot from effect order by slot');
    return rows.map(({ slot }) => slot.getTime());
  };
  const start = async (): Promise<Program> => {
    const runner = program('schedule-runner', embedded.folder);
    await runner.next();
    return runner;
  };
  const runners = await Promise.all([start(), start(), start()]);
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const before = (await slots()).length;
      await until(async () => (await slots()).length > before, 90_000);
      await runners.shift()!.kill();
      if (kill === KILLS / 2) await embedded.killServer();
      runners.push(await start());
    }
    const last = Date.now();
    await until(async () => ((await slots()).at(-1) ?? 0) > last, 90_000);
    const done = await slots();
    const missing = done.slice(1).filter((slot, n) => slot - done[n]! !== 1_000);
    assert.deepEqual(missing, [], `${done.length} slots`);
    const { lost } = await db.one<{ lost: number }>(
      sql`select count(*) as lost from goblin.task where kind = 'chaos.schedule.beat' and due_at is null`,
    );
    assert.equal(lost, 0);
  } finally {
    await Promise.all(runners.map((runner) => runner.end()));
  }
});
