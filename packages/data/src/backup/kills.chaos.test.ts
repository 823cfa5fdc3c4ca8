import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { backupSite, note, words } from '../fixtures/backup-site.ts';
import { program, until } from '../fixtures/processes.ts';
import { listRecords, stateOf } from './backup-record.ts';
import { restore } from './restore.ts';
import { takeBackup } from './take-backup.ts';
import { verifyBackup } from './verify-backup.ts';

test('kill -9 during a backup leaves nothing that is listed, and the next backup is good', {
  timeout: 300_000,
}, async () => {
  await using site = await backupSite();
  await using maker = program('backup-maker', site.home, join(site.root, 'store'), site.vault.key.file);
  while ((await maker.next<{ done: number }>()).done < 2_000_000);
  await maker.kill();
  assert.deepEqual(await listRecords(site.vault), []);
  await until(async () => (await site.query('select 1 from pg_replication_slots')).length === 0);
  assert.equal(stateOf(await verifyBackup(site.home, site.vault, await takeBackup(site))), 'good');
});

test('kill -9 at any step of a restore leaves the old database as it was, or the new one whole', {
  timeout: 120_000,
}, async () => {
  await using site = await backupSite();
  await site.query('create table shop.note (word text)');
  await note(site, 'one');
  await verifyBackup(site.home, site.vault, await takeBackup(site));
  await note(site, 'two');
  await site.server.release();
  for (const step of ['fetch', 'fetch log', 'replay', 'check', 'put in place']) {
    await using restorer = program('restorer', site.home, join(site.root, 'store'), site.vault.key.file);
    while ((await restorer.next<string>()) !== step);
    await restorer.kill();
    await site.attach();
    const found = await words(site);
    if (step !== 'put in place') assert.equal(found, 'one two', `killed at: ${step}`);
    else assert.ok(['one', 'one two'].includes(found), `killed at: ${step}`);
    await site.server.release();
  }
  const { kept } = await restore(site.home, site.vault, { target: 'latest' });
  assert.ok(kept);
  await site.attach();
  assert.equal(await words(site), 'one');
  const left = readdirSync(site.home).filter((name) => name.startsWith('restoring-'));
  assert.deepEqual(left, [], 'what the killed ones left is gone');

  // Between its two renames.
  await site.server.release();
  renameSync(join(site.home, 'cluster'), join(site.home, 'cluster.restored'));
  await site.attach();
  assert.equal(await words(site), 'one', 'whoever comes next puts it in place');
});
