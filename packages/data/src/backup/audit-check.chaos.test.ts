import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { audit } from '../audit/audit.ts';
import { startChainer } from '../audit/chainer.ts';
import { ensureSigningKey, type PublicKey } from '../audit/signing-key.ts';
import { database } from '../database/database.ts';
import { type BackupSite, backupSite } from '../fixtures/backup-site.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { migratePlatform, ownedBy } from '../platform/platform.ts';
import { sourceOf } from '../source.ts';
import { backupLoop } from './backup-loop.ts';
import { type CheckResult, listRecords, stateOf } from './backup-record.ts';
import { discard, takeBackup } from './take-backup.ts';
import { verifyBackup } from './verify-backup.ts';

let site: BackupSite;
let key: PublicKey;
before(async () => {
  site = await backupSite();
});
after(() => site[Symbol.asyncDispose]());

/** Writes entries of the service `shop`, and chains and signs them. */
async function writeTrail(entries: number): Promise<void> {
  const telemetry = testTelemetry();
  const { target, owner, schema } = await sourceOf(site.server, 'shop', 'shop');
  await migratePlatform(owner, telemetry.log);
  await using db = ownedBy(database({ target, schema, telemetry, poolSize: 3, timeoutMs: 10_000 }), owner);
  for (let n = 1; n <= entries; n++)
    await db.transaction((tx) =>
      audit(tx, { action: 'payment.made', subject: { type: 'payment', id: `p-${n}` } }),
    );
  const signing = await ensureSigningKey(join(site.root, 'signing-key.pem'));
  key = signing.publicKey;
  await startChainer(db, { key: async () => signing, checkpoints: join(site.root, 'checkpoints') }).stop();
}

async function backUp(auditKey?: PublicKey): Promise<CheckResult> {
  const { verification } = await verifyBackup(site.home, site.vault, await takeBackup(site), { auditKey });
  return verification!.checks.find(({ name }) => name === 'audit')!;
}

/** As who may do everything, the triggers off. */
async function tamper(statement: string): Promise<void> {
  await site.query(`set session_replication_role = 'replica'; ${statement}`);
}

test('a backup of a database without an audit trail is good without one', async () => {
  assert.deepEqual(await backUp(), { name: 'audit', good: true, detail: 'there is no audit trail' });
});

test('the audit chain is verified in the restored database, with the signatures where the public key is known', async () => {
  await writeTrail(5);
  assert.deepEqual(await backUp(key), {
    name: 'audit',
    good: true,
    detail: `1 trail with 5 chained entries, 5 of them signed by ${key.id}`,
  });
  const unsigned = await backUp();
  assert.equal(unsigned.good, true);
  assert.match(unsigned.detail, /no public key is known \(AUDIT_KEY\), so signatures were not looked at/);
  const other = await ensureSigningKey(join(site.root, 'other.pem'));
  const foreign = await backUp(other.publicKey);
  assert.equal(foreign.good, false);
  assert.match(foreign.detail, /the trail of shop is forged: .*signed by the key \w+, which was not given/);
});

test('the loop makes no second copy of a database whose audit chain is broken, and tells why it is not well', async () => {
  await tamper(`update goblin.audit_entry set action = 'nothing' where subject_id = 'p-3'`);
  for (const { system, id } of await listRecords(site.vault)) await discard(site.vault, system, id);
  const telemetry = testTelemetry();
  const loop = backupLoop(site, telemetry, { logEvery: '100ms', auditKey: async () => key });
  await using work = running(loop.run);
  await until(() => !loop.health().ok, 90_000);
  assert.match(
    loop.health().detail!,
    /^the backup \S+ is bad: audit: the trail of shop is changed: number 3, .*was changed after it was written$/,
  );
  const failures = telemetry.metrics.snapshot(['backup_failures_total']).metrics[0]!.series;
  const bad = failures.find(({ labels }) => labels.includes('verification'));
  assert.equal(bad?.value, 1);
  await work.stop();
  assert.deepEqual((await listRecords(site.vault)).map(stateOf), ['bad']);
});
