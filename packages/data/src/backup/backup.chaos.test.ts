import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type BackupSite, backupSite } from '../fixtures/backup-site.ts';
import { until } from '../fixtures/processes.ts';
import { ensureBackupKey } from './backup-key.ts';
import { type BackupRecord, listRecords, partName, stateOf } from './backup-record.ts';
import { takeBackup } from './take-backup.ts';
import { vault } from './vault.ts';
import { verifyBackup } from './verify-backup.ts';

let site: BackupSite;
let record: BackupRecord;
before(async () => {
  site = await backupSite();
  await site.query('create table shop.quiet as select i from generate_series(1, 5000) i');
  await site.query('create table shop.busy (i bigserial primary key, word text)');
});
after(() => site[Symbol.asyncDispose]());

test('a backup made while others write is restored, checked and only then called good', async () => {
  const stop = new AbortController();
  let written = 0;
  const writing = (async () => {
    while (!stop.signal.aborted) {
      await site.query(`
        insert into shop.busy (word) select md5(i::text) from generate_series(1, 50) i;
        delete from shop.busy where i % 7 = 0; update shop.busy set word = 'again' where i % 11 = 0`);
      written += 1;
    }
  })();
  await until(() => written > 3);
  const made = await takeBackup(site);
  stop.abort();
  await writing;
  assert.deepEqual((await listRecords(site.vault)).map(stateOf), ['unverified']);
  record = await verifyBackup(site.home, site.vault, made);
  assert.deepEqual(
    record.verification?.checks.map(({ name, good }) => [name, good]),
    [
      ['restore', true],
      ['amcheck', true],
      ['tables', true],
      ['audit', true],
    ],
  );
  assert.deepEqual((await listRecords(site.vault)).map(stateOf), ['good']);
  const quiet = record.tables.find(({ table }) => table === 'shop.quiet');
  assert.deepEqual([quiet?.atLeast, quiet?.atMost], [5_000, 5_000]);
});

test('rows that are missing after the restore, and a check of the caller that fails, make it bad', async () => {
  const tables = record.tables.map((one) =>
    one.table === 'shop.quiet' ? { ...one, atLeast: 5_001, atMost: 5_001 } : one,
  );
  const ledger = {
    name: 'ledger',
    async check({
      session,
      databases,
    }: {
      databases: readonly string[];
      session: (name: string) => Promise<AsyncDisposable>;
    }) {
      for (const name of databases) await (await session(name))[Symbol.asyncDispose]();
      throw new Error('the books do not balance');
    },
  };
  const { verification } = await verifyBackup(
    site.home,
    site.vault,
    { ...record, tables },
    { checks: [ledger] },
  );
  assert.equal(verification?.good, false);
  const details = verification.checks.filter(({ good }) => !good).map(({ detail }) => detail);
  assert.deepEqual(details, ['shop.quiet has 5000 rows instead of 5001', 'the books do not balance']);
  assert.deepEqual((await listRecords(site.vault)).map(stateOf), ['bad']);
});

test('data that was changed, cut, exchanged or deleted makes it bad, and the reason is told', async () => {
  const file = (name: string): string => join(site.root, 'store', name);
  const data = file(partName(record.system, record.id, 'data'));
  const files = file(partName(record.system, record.id, 'files'));
  const whole = readFileSync(data);
  const damages: (() => void)[] = [
    () => writeFileSync(data, Buffer.from(whole).fill(0, 70_000, 70_001)),
    () => writeFileSync(data, whole.subarray(0, 300_000)),
    () => writeFileSync(data, readFileSync(files)),
  ];
  for (const damage of damages) {
    damage();
    const { verification } = await verifyBackup(site.home, site.vault, record);
    assert.equal(verification?.good, false);
    assert.equal(verification.checks[0]?.name, 'restore');
    assert.match(verification.checks[0].detail, /not what was written/);
  }
  writeFileSync(data, whole);
  assert.equal(stateOf(await verifyBackup(site.home, site.vault, record)), 'good');
});

test('with another key nothing opens, and no backup is called bad for it', async () => {
  const other = vault(site.store, await ensureBackupKey(join(site.root, 'other')));
  await assert.rejects(listRecords(other), { code: 'FAILED_PRECONDITION', message: /other/ });
  await assert.rejects(verifyBackup(site.home, other, record), { code: 'FAILED_PRECONDITION' });
  assert.deepEqual((await listRecords(site.vault)).map(stateOf), ['good']);
});

test('a backup that is interrupted leaves nothing in the store', async () => {
  const before = (await Array.fromAsync(site.store.list('base/'))).length;
  const stop = new AbortController();
  const reason = new Error('interrupted');
  const making = takeBackup(site, { signal: stop.signal, onProgress: () => stop.abort(reason) });
  await assert.rejects(making, reason);
  assert.equal((await Array.fromAsync(site.store.list('base/'))).length, before);
  await until(async () => (await site.query('select 1 from pg_replication_slots')).length === 0);
});
