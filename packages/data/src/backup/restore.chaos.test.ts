import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { type BackupSite, backupSite, note, words } from '../fixtures/backup-site.ts';
import { until } from '../fixtures/processes.ts';
import { type Running, running } from '../fixtures/running-work.ts';
import { embeddedSource } from '../source.ts';
import { type BackupLoopOptions, backupLoop } from './backup-loop.ts';
import { listRecords, stateOf } from './backup-record.ts';
import { lsnOf } from './lsn.ts';
import { restore } from './restore.ts';
import { openSession } from './session.ts';
import { takeBackup } from './take-backup.ts';
import { verifyBackup } from './verify-backup.ts';
import { SLOT, untilArchived } from './wal-archiver.ts';

const QUICK: BackupLoopOptions = { logEvery: '100ms' };

function looping(site: BackupSite): Running {
  return running(backupLoop(site, testTelemetry(), QUICK).run);
}

async function untilGood(site: BackupSite): Promise<void> {
  await until(async () => (await listRecords(site.vault)).some((one) => stateOf(one) === 'good'), 90_000);
}

async function now(site: BackupSite): Promise<Date> {
  return (await site.query<{ at: Date }>('select clock_timestamp() as at'))[0]!.at;
}

/** All that was written until now is in the store. */
async function archived(site: BackupSite): Promise<void> {
  const [row] = await site.query<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn');
  await untilArchived(site, SLOT, lsnOf(row!.lsn), AbortSignal.timeout(90_000));
}

test('everything is deleted, and a restore to the moment before brings every row back; and so does one that takes that back', {
  timeout: 300_000,
}, async () => {
  await using site = await backupSite();
  await site.query('create table shop.note (word text)');
  const first = looping(site);
  await untilGood(site);
  await site.query('create table shop.load as select i from generate_series(1, 20000) i');
  await note(site, 'kept');
  const beforeMistake = await now(site);
  await site.query('delete from shop.note; drop table shop.load');
  await note(site, 'after');
  await archived(site);
  const afterMistake = await now(site);
  await first.stop();
  await site.server.release();

  const steps = new Set<string>();
  const report = await restore(site.home, site.vault, {
    target: { at: beforeMistake },
    onProgress: (step) => steps.add(step),
  });
  assert.deepEqual([...steps], ['fetch', 'fetch log', 'replay', 'check', 'put in place']);
  assert.ok(report.lastCommit! <= beforeMistake);
  await site.attach();
  assert.equal(await words(site), 'kept');
  assert.deepEqual(await site.query('select count(*)::int as rows from shop.load'), [{ rows: 20_000 }]);

  // The log goes on from the restored state, without another base backup.
  const second = looping(site);
  await note(site, 'second');
  await until(async () => (await site.query('select 1 from pg_replication_slots where active')).length > 0);
  await archived(site);
  await second.stop();
  assert.equal((await listRecords(site.vault)).length, 1);
  await site.server.release();
  await restore(site.home, site.vault, { target: 'latest' });
  await site.attach();
  assert.equal(await words(site), 'kept second');
  await site.server.release();
  await restore(site.home, site.vault, { target: { at: afterMistake } });
  await site.attach();
  assert.equal(await words(site), 'after');
});

test('on another machine, from nothing but the store and its key, a copy is made and the roles get new passwords', {
  timeout: 300_000,
}, async () => {
  await using site = await backupSite();
  await site.query('create table shop.note (word text)');
  await note(site, 'one');
  const made = await takeBackup(site);
  await verifyBackup(site.home, site.vault, made);
  const pieces = (await Array.fromAsync(site.store.list('wal/'))).length;
  const elsewhere = join(site.root, 'elsewhere');
  const report = await restore(elsewhere, site.vault, { target: 'backup', backup: made.id, isCopy: true });
  assert.equal(report.kept, undefined);
  assert.equal(
    (await Array.fromAsync(site.store.list('wal/'))).length,
    pieces,
    'a copy does not write into the store',
  );
  assert.equal(await words(site), 'one', 'the database that was backed up goes on');
  const source = await embeddedSource(elsewhere, 'shop', 'shop');
  {
    await using session = await openSession(source.target.config(), 'the copy');
    assert.deepEqual(await session.rows('select current_user::text as who'), [{ who: 'shop' }]);
  }
  await source.release();
});

test('while somebody uses the database a restore is refused, and nothing is touched', async () => {
  await using site = await backupSite();
  await assert.rejects(restore(site.home, site.vault, { target: 'latest' }), {
    code: 'FAILED_PRECONDITION',
    message: /Ctrl-C in the terminal of goblin up/,
  });
  assert.deepEqual(await site.query('select 1 as one'), [{ one: 1 }]);
});
