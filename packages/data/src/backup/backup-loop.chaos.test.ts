import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GoblinError, type TestTelemetry, testTelemetry } from '@goblin/core';
import { isPostmasterOf } from '../embedded/postmaster.ts';
import { type BackupSite, backupSite, note, words } from '../fixtures/backup-site.ts';
import { until } from '../fixtures/processes.ts';
import { type Running, running } from '../fixtures/running-work.ts';
import { failingStore } from '../fixtures/slow-store.ts';
import { backupLoop } from './backup-loop.ts';
import { type BackupRecord, listRecords, stateOf } from './backup-record.ts';
import { restore } from './restore.ts';
import { takeBackup } from './take-backup.ts';
import { SLOT } from './wal-archiver.ts';

interface Looping extends Running {
  readonly telemetry: TestTelemetry;
}

function looping(site: BackupSite): Looping {
  const telemetry = testTelemetry();
  return { telemetry, ...running(backupLoop(site, telemetry, { logEvery: '100ms' }).run) };
}

async function good(site: BackupSite): Promise<BackupRecord[]> {
  return (await listRecords(site.vault)).filter((one) => stateOf(one) === 'good');
}

/** The value of a metric, or undefined where it tells none. */
function metric({ telemetry }: Looping, name: string, label?: string): number | undefined {
  const [found] = telemetry.metrics.snapshot([name]).metrics;
  return found?.series.find(({ labels }) => label === undefined || labels.includes(label))?.value;
}

/** The first position that is not in the store lies so far behind the end of the log. */
async function behind(site: BackupSite): Promise<number | undefined> {
  const [row] = await site.query<{ bytes: number }>(
    `select pg_current_wal_flush_lsn() - restart_lsn as bytes from pg_replication_slots where slot_name = '${SLOT}' and active`,
  );
  return row && Number(row.bytes);
}

test('while the store is full the database keeps its log and the metrics tell; once there is room nothing is lost', {
  timeout: 300_000,
}, async () => {
  let isFull = false;
  const full = (): Error | undefined =>
    isFull ? new GoblinError('STORE_UNAVAILABLE', { message: 'the disk is full' }) : undefined;
  await using site = await backupSite((store) => failingStore(store, full));
  await site.query('create table shop.note (word text)');
  const loop = looping(site);
  await until(async () => (await good(site)).length > 0, 90_000);
  isFull = true;
  await note(site, 'written-while-full');
  await until(() => (metric(loop, 'backup_failures_total', 'log') ?? 0) > 0);
  await until(() => (metric(loop, 'backup_rpo_seconds') ?? 0) > 1);
  await assert.rejects(takeBackup(site), { code: 'STORE_UNAVAILABLE', message: 'the disk is full' });
  assert.equal((await listRecords(site.vault)).length, 1);
  isFull = false;
  await until(() => (metric(loop, 'backup_rpo_seconds') ?? 9) < 1, 90_000);
  await until(async () => (await behind(site)) === 0);
  await loop.stop();
  await site.server.release();
  await restore(site.home, site.vault, { target: 'latest' });
  await site.attach();
  assert.equal(await words(site), 'written-while-full');
});

test('kill -9 of PostgreSQL does not stop the archiving, and another process takes over from one that ends', {
  timeout: 300_000,
}, async () => {
  await using site = await backupSite();
  await site.query('create table shop.note (word text)');
  const first = looping(site);
  await until(async () => (await good(site)).length > 0, 90_000);
  await using second = looping(site);
  await until(() => metric(second, 'backup_rpo_seconds') === undefined, 90_000);
  assert.equal(metric(second, 'backup_failures_total', 'log'), 0, 'standing by is no failure');

  const { pid } = site.server;
  process.kill(pid, 'SIGKILL');
  await until(() => !isPostmasterOf(site.server.place.cluster, pid));
  await site.server.revive();
  await note(site, 'after-kill');
  await until(async () => (await behind(site).catch(() => undefined)) === 0, 90_000);
  await first.stop();
  await note(site, 'after-takeover');
  await until(async () => (await behind(site)) === 0, 90_000);
  assert.equal((await listRecords(site.vault)).length, 1, 'no base backup was needed');
});

test('when the database had to drop log that was not archived, a new base backup is made at once', {
  timeout: 300_000,
}, async () => {
  await using site = await backupSite();
  await site.query('create table shop.note (word text)');
  const before = looping(site);
  await until(async () => (await good(site)).length > 0, 90_000);
  await before.stop();
  await until(async () => (await behind(site)) === undefined);
  await site.query(`select pg_drop_replication_slot('${SLOT}')`);
  for (let segment = 0; segment < 4; segment++) {
    await note(site, `lost-${segment}`);
    await site.query('select pg_switch_wal()');
    await site.query('checkpoint');
  }
  const after = looping(site);
  await until(async () => (await good(site)).length > 1, 90_000);
  await note(site, 'now');
  await until(async () => (await behind(site)) === 0);
  await after.stop();
  await site.server.release();
  await restore(site.home, site.vault, { target: 'latest' });
  await site.attach();
  assert.equal(await words(site), 'lost-0 lost-1 lost-2 lost-3 now');
});

test('of a database with a damaged page no backup is made, and the reason is told', async () => {
  await using site = await backupSite();
  await site.query('create table shop.note (word text)');
  await note(site, 'one');
  const [row] = await site.query<{ path: string }>("select pg_relation_filepath('shop.note') as path");
  await site.server.release();
  const file = openSync(join(site.home, 'cluster', row!.path), 'r+');
  writeSync(file, 'damage', 4_000);
  closeSync(file);
  await site.attach();
  await assert.rejects(takeBackup(site), { code: 'DATA_DAMAGED', message: /fail their checksum/ });
  assert.deepEqual(await Array.fromAsync(site.store.list('base/')), []);
});
