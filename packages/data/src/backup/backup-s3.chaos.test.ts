import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { type BackupSite, backupSite, note, words } from '../fixtures/backup-site.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { noSwift, type SwiftServer, swiftServer } from '../fixtures/swift-server.ts';
import { type S3Store, s3Store } from '../storage/s3/s3-store.ts';
import { backupLoop } from './backup-loop.ts';
import { listRecords, stateOf } from './backup-record.ts';
import { restore } from './restore.ts';

const needsSwift = { skip: noSwift ?? false, timeout: 300_000 };
let server: SwiftServer;
let bucket: S3Store;
let site: BackupSite;
before(async () => {
  if (noSwift !== undefined) return;
  server = await swiftServer();
  bucket = await s3Store({ ...server.options, prefix: 'shop/backups' });
  site = await backupSite(() => bucket);
  await site.query('create table shop.note (word text)');
});
after(async () => {
  await site?.[Symbol.asyncDispose]();
  await bucket?.close();
  await server?.[Symbol.asyncDispose]();
});

async function moment(): Promise<Date> {
  return (await site.query<{ at: Date }>('select clock_timestamp() as at'))[0]!.at;
}

test(
  'into a bucket that fails now and then a good backup is made, and everything that was deleted is restored from it',
  needsSwift,
  async () => {
    let count = 0;
    // Every fifth request meets trouble, and each kind of it comes.
    server.fault = (method) => {
      if (++count % 5 !== 0) return undefined;
      if (method === 'GET') return count % 2 === 0 ? { answer: 503 } : { cutAfter: 100 };
      return count % 2 === 0 ? { answer: 503 } : 'lose the answer';
    };
    const loop = backupLoop(site, testTelemetry(), { logEvery: '100ms' });
    const work = running(loop.run);
    await until(async () => (await listRecords(site.vault)).some((one) => stateOf(one) === 'good'), 90_000);
    await note(site, 'one');
    await note(site, 'two');
    const at = await moment();
    await site.query('delete from shop.note');
    await until(() => loop.health().ok);
    await work.stop();
    await site.server.release();
    await restore(site.home, site.vault, { target: { at } });
    await site.attach();
    assert.equal(await words(site), 'one two');
    assert.ok(count > 10);
  },
);

test(
  'while the bucket is away the backups are not well and say why; once it is back nothing is lost',
  needsSwift,
  async () => {
    server.fault = undefined;
    const loop = backupLoop(site, testTelemetry(), { logEvery: '100ms' });
    const work = running(loop.run);
    await until(() => (loop.health().detail ?? '').startsWith('the store has the log'), 90_000);
    server.fault = () => ({ answer: 503 });
    await note(site, 'three');
    await until(() => !loop.health().ok, 90_000);
    assert.match(loop.health().detail!, /^the log cannot be archived: the bucket test-bucket .*/);
    server.fault = undefined;
    await until(() => loop.health().ok, 90_000);
    await work.stop();
    await site.server.release();
    await restore(site.home, site.vault, { target: 'latest' });
    await site.attach();
    assert.equal(await words(site), 'one three two');
  },
);
