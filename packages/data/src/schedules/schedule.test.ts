import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { GoblinError, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { listTasks } from '../tasks/operate.ts';
import { task } from '../tasks/task.ts';
import { testDatabase } from '../testing/test-database.ts';
import { type Firing, fire } from './fire.ts';
import {
  listSchedules,
  pauseSchedule,
  removeSchedule,
  resumeSchedule,
  runScheduleNow,
  type ScheduleView,
} from './operate.ts';
import { schedule } from './schedule.ts';
import { keepSchedule, type NewSchedule } from './schedule-table.ts';
import { scheduleTelemetry } from './schedule-telemetry.ts';

const PAGE = new URL('../../../../docs/reference/metrics.md', import.meta.url);
const report = task('reports.make', { input: z.object({ until: z.string() }) });
const reported = { input: (slot: Date) => ({ until: slot.toISOString() }) };

/** A schedule on a clock that the test moves. */
function onClock(db: Database, changes: Partial<NewSchedule> = {}) {
  const kept: NewSchedule = {
    service: db.schema,
    name: 'nightly',
    kind: report.kind,
    spec: { cron: '0 30 2 * * *', zone: 'Europe/Berlin' },
    missed: 'latest',
    ...changes,
  };
  const firing: Firing = {
    id: kept,
    telemetry: scheduleTelemetry(db.telemetry, kept.name),
    enqueue: (tx, runs) =>
      report.enqueueMany(
        tx,
        runs.map(({ slot, key }) => ({ key, input: reported.input(slot) })),
      ),
  };
  const at = <T>(time: string, work: (tx: Parameters<typeof fire>[0]) => Promise<T>): Promise<T> =>
    db.transaction(async (tx) => {
      await tx.query(sql`select set_config('goblin.now', ${time}, true)`);
      return work(tx);
    });
  return {
    keep: (time: string, other: Partial<NewSchedule> = {}) =>
      at(time, (tx) => keepSchedule(tx, { ...kept, ...other })),
    fire: (time: string) => at(time, (tx) => fire(tx, firing)),
  };
}

async function keys(db: Database): Promise<(string | null)[]> {
  return (await listTasks(db)).map(({ key }) => key);
}

const only = async (db: Database): Promise<ScheduleView> =>
  (await listSchedules(db)).find(({ service }) => service === db.schema)!;

test('a schedule takes each slot once, through the change of clocks, and remembers where it is', async () => {
  await using db = await testDatabase();
  const nightly = onClock(db);
  await nightly.keep('2026-03-28T12:00:00Z');
  assert.equal(await nightly.fire('2026-03-29T00:59:59.999Z'), undefined);
  assert.equal(await nightly.fire('2026-03-29T01:00:00Z'), 1);
  assert.equal(await nightly.fire('2026-03-29T01:00:00Z'), undefined);
  // A restart goes on where it was.
  await nightly.keep('2026-03-29T10:00:00Z');
  assert.equal(await nightly.fire('2026-03-30T00:30:01Z'), 1);
  assert.deepEqual(await keys(db), ['nightly@2026-03-29T01:00:00.000Z', 'nightly@2026-03-30T00:30:00.000Z']);
  const { lastSlot, nextSlot } = await only(db);
  assert.deepEqual(
    [lastSlot, nextSlot],
    [new Date('2026-03-30T00:30:00Z'), new Date('2026-03-31T00:30:00Z')],
  );
});

test('after days without a process the newest slot is run, or all, or none, as the policy says', async () => {
  for (const [missed, runs, lost] of [
    ['latest', 1, 3],
    ['all', 4, 0],
    ['skip', 0, 4],
  ] as const) {
    const telemetry = testTelemetry();
    await using db = await testDatabase({ telemetry });
    const nightly = onClock(db, { missed });
    await nightly.keep('2026-06-01T12:00:00Z');
    await nightly.keep('2026-06-05T12:00:00Z');
    assert.equal(await nightly.fire('2026-06-05T12:00:00Z'), runs);
    assert.equal((await keys(db)).length, runs);
    const [counter] = telemetry.metrics.snapshot(['schedule_missed_total']).metrics;
    assert.equal((counter!.series[0] as { value?: number } | undefined)?.value ?? 0, lost);
    assert.deepEqual((await only(db)).nextSlot, new Date('2026-06-06T00:30:00Z'));
  }
});

test('however many look at once, a slot is taken by one', async () => {
  await using db = await testDatabase({ poolSize: 8 });
  const nightly = onClock(db);
  await nightly.keep('2026-06-01T12:00:00Z');
  const answers = await Promise.all(Array.from({ length: 20 }, () => nightly.fire('2026-06-02T12:00:00Z')));
  assert.deepEqual(
    answers.filter((answer) => answer !== undefined),
    [1],
  );
  assert.equal((await keys(db)).length, 1);
});

test('a changed specification counts from its change on, and the same one goes on where it was', async () => {
  await using db = await testDatabase();
  const nightly = onClock(db);
  await nightly.keep('2026-06-01T12:00:00Z');
  await nightly.keep('2026-06-02T12:00:00Z', { spec: { everyMs: 3_600_000 } });
  assert.equal(await nightly.fire('2026-06-02T12:30:00Z'), undefined);
  assert.equal(await nightly.fire('2026-06-02T13:00:00Z'), 1);
  assert.deepEqual(await keys(db), ['nightly@2026-06-02T13:00:00.000Z']);
});

test('a transaction that fails takes no slot: the next one does', async () => {
  await using db = await testDatabase();
  const nightly = onClock(db);
  await nightly.keep('2026-06-01T12:00:00Z');
  await db
    .transaction(async (tx) => {
      await tx.query(`select set_config('goblin.now', '2026-06-02T12:00:00Z', true)`);
      const telemetry = scheduleTelemetry(db.telemetry, 'nightly');
      const id = { service: db.schema, name: 'nightly' };
      await fire(tx, { id, telemetry, enqueue: () => Promise.reject(new GoblinError('INTERNAL')) });
    })
    .catch(() => {});
  assert.equal(await nightly.fire('2026-06-02T12:00:00Z'), 1);
});

test('a handler is run at its slots and is told them, one run at a time', async () => {
  await using db = await testDatabase();
  const slots: number[] = [];
  let inside = 0;
  await using _running = running(
    schedule(db, { name: 'often', every: '1s' }, async ({ input }) => {
      assert.equal(++inside, 1);
      slots.push(input.slot.getTime());
      await new Promise((resolve) => setTimeout(resolve, 10));
      inside--;
    }),
  );
  await until(() => slots.length >= 2);
  assert.equal(slots[0]! % 1_000, 0);
  assert.equal(slots[1]! - slots[0]!, 1_000);
});

test('a one-off of the past is run at once, and never again', async () => {
  await using db = await testDatabase();
  const loop = schedule(db, { name: 'once', at: new Date('2020-01-01'), ...reported }, report);
  for (const _ of [1, 2]) {
    await using _running = running(loop);
    await until(async () => (await only(db))?.state === 'done');
  }
  assert.deepEqual(await keys(db), ['once@2020-01-01T00:00:00.000Z']);
});

test('a paused schedule takes no slots, makes up for none, and runs when it is asked to', async () => {
  await using db = await testDatabase();
  const id = { service: db.schema, name: 'paused' };
  await using _running = running(schedule(db, { name: 'paused', every: '1s', ...reported }, report));
  await until(async () => (await keys(db)).length > 0);
  await pauseSchedule(db, id);
  const before = await keys(db);
  const { nextSlot } = await only(db);
  await until(() => Date.now() > nextSlot!.getTime() + 200);
  assert.deepEqual(await keys(db), before);
  assert.equal((await only(db)).state, 'paused');
  await runScheduleNow(db, id);
  await until(async () => (await keys(db)).length === before.length + 1);
  await resumeSchedule(db, id);
  const resumedAt = Date.now();
  await until(async () => (await keys(db)).length > before.length + 1);
  const first = (await keys(db)).at(-1)!.split('@')[1]!;
  assert.ok(Date.parse(first) > resumedAt - 100, first);
});

test('a run that was asked for while the schedule came takes place, or the question is NOT_FOUND', async () => {
  await using db = await testDatabase();
  const names = Array.from({ length: 10 }, (_, i) => `yearly-${i}`);
  for (const name of names) {
    await using _running = running(
      schedule(db, { name, cron: '0 0 1 1 *', zone: 'UTC', ...reported }, report),
    );
    const id = { service: db.schema, name };
    const asked = (): Promise<boolean> =>
      runScheduleNow(db, id).then(
        () => true,
        (error) => {
          assert.equal(error.code, 'NOT_FOUND');
          return false;
        },
      );
    while (!(await asked()));
    await until(async () => (await keys(db)).some((key) => key?.startsWith(`${name}@`)));
  }
});

test('a schedule that nobody has run for 5 minutes shows as orphaned, and can be removed', async () => {
  await using db = await testDatabase();
  const nightly = onClock(db);
  await nightly.keep(new Date(Date.now() - 4 * 60_000).toISOString());
  assert.equal((await only(db)).state, 'active');
  await nightly.keep(new Date(Date.now() - 6 * 60_000).toISOString());
  assert.equal((await only(db)).state, 'orphaned');
  await removeSchedule(db, { service: db.schema, name: 'nightly' });
  assert.equal(await only(db), undefined);
});

test('a service sees and changes its own schedules only', async () => {
  await using mine = await testDatabase();
  await using other = await testDatabase();
  await onClock(mine).keep('2026-06-01T12:00:00Z');
  assert.deepEqual(await listSchedules(other), []);
  const id = { service: mine.schema, name: 'nightly' };
  for (const change of [pauseSchedule, resumeSchedule, runScheduleNow, removeSchedule])
    await assert.rejects(change(other, id), { code: 'NOT_FOUND' });
  assert.equal((await listSchedules(mine)).length, 1);
});

test('docs/reference/metrics.md has a line for every metric of schedules, as it is', async () => {
  const telemetry = testTelemetry();
  scheduleTelemetry(telemetry, 'nightly');
  const lines = (await readFile(PAGE, 'utf8')).split('\n');
  const instruments = telemetry.metrics.instruments().filter(({ name }) => name.startsWith('schedule_'));
  assert.equal(instruments.length, 3);
  for (const { name, kind, unit, labels, help } of instruments) {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    const line = `| \`${name}\` | ${kind} | ${unit === '' ? '' : `${unit} `}| ${named} | ${help} |`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});
