import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { context, Secret, testTelemetry } from '@goblin/core';
import { auditTrail } from '../fixtures/audit-trail.ts';
import { until } from '../fixtures/processes.ts';
import { testDatabase } from '../testing/test-database.ts';
import { audit } from './audit.ts';
import { chainSome } from './chain.ts';
import { startChainer } from './chainer.ts';
import { searchAudit } from './search.ts';
import { ensureSigningKey, publicKey, signingKey } from './signing-key.ts';
import { verifyAudit } from './verify.ts';

const TRACE = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };

test('an entry says who did what to what, before and after, from where, in which request, and why', async () => {
  await using trail = await auditTrail();
  const values = {
    actor: 'ada',
    tenant: 'acme',
    requestId: 'r-1',
    trace: TRACE,
    baggage: new Map([['client.address', '192.0.2.7']]),
  };
  const startedAt = new Date().toISOString();
  await context.run(values, () =>
    trail.write({
      action: 'payment.refunded',
      before: { state: 'paid' },
      after: { state: 'refunded', parts: [2, 1] },
      reason: 'asked by phone',
    }),
  );
  await trail.sign();
  const [entry] = (await searchAudit(trail.db)).entries;
  const { id, at, hash, ...rest } = entry!;
  assert.ok(id > 0 && at >= startedAt && /^[0-9a-f]{64}$/.test(hash!));
  assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.deepEqual(rest, {
    owner: trail.db.schema,
    action: 'payment.refunded',
    subject: { type: 'payment', id: 'p-1' },
    actor: 'ada',
    tenant: 'acme',
    before: { state: 'paid' },
    after: { state: 'refunded', parts: [2, 1] },
    reason: 'asked by phone',
    traceId: TRACE.traceId,
    requestId: 'r-1',
    address: '192.0.2.7',
    sequence: 1,
  });
});

test('there is an entry if and only if its transaction was kept', async () => {
  await using trail = await auditTrail();
  const broken = trail.db.transaction(async (tx) => {
    await audit(tx, { action: 'payment.made', subject: { type: 'payment', id: 'p-2' } });
    throw new Error('no');
  });
  await assert.rejects(broken, /no/);
  assert.deepEqual((await searchAudit(trail.db)).entries, []);
});

test('what is named like a secret is hidden, and what is no plain data refused', async () => {
  await using trail = await auditTrail();
  await trail.write({ after: { password: 'hunter2', inner: [{ apiKey: 'k', key: new Secret('s') }] } });
  const [entry] = (await searchAudit(trail.db)).entries;
  assert.deepEqual(entry!.after, {
    password: '[redacted]',
    inner: [{ apiKey: '[redacted]', key: '[secret]' }],
  });
  for (const record of [
    { after: { n: 1n } },
    { after: '\ud800' },
    { after: () => 1 },
    { action: 'refunded' },
    { action: 'Payment.refunded' },
    { reason: 'a\0b' },
    { reason: 'x'.repeat(4_097) },
    { subject: { type: 'payment', id: '\ud800' } },
  ])
    await assert.rejects(trail.write(record), { code: 'INVALID_INPUT' });
  await assert.rejects(trail.write({ before: 'x'.repeat(262_144) }), { code: 'PAYLOAD_TOO_LARGE' });
});

test('a service can add entries and read its own, and neither change nor delete one', async () => {
  await using trail = await auditTrail();
  await using other = await testDatabase();
  await trail.grow(2);
  for (const table of ['audit_entry', 'audit_chain', 'audit_checkpoint']) {
    assert.deepEqual(await other.many(`select * from goblin.${table}`), []);
    for (const statement of [
      `update goblin.${table} set owner = owner`,
      `delete from goblin.${table}`,
      `truncate goblin.${table}`,
      `alter table goblin.${table} disable trigger all`,
    ])
      await assert.rejects(trail.db.query(statement), { data: { sqlState: '42501' } }, statement);
  }
  await assert.rejects(
    trail.db.query(
      `insert into goblin.audit_entry (owner, action, subject_type, subject_id) values ('x', 'a.b', 'c', 'd')`,
    ),
    { data: { sqlState: '42501' } },
  );
});

test('who owns the tables is refused too, unless it takes the triggers off first', async () => {
  await using trail = await auditTrail();
  await trail.grow(1);
  for (const statement of ['update goblin.audit_entry set actor = null', 'truncate goblin.audit_chain'])
    await assert.rejects(
      trail.tamper(`set session_replication_role = 'origin'; ${statement}`),
      /the audit trail is append-only: (UPDATE|TRUNCATE) of audit_/,
    );
});

test('writers do not wait for each other, and their entries are chained in one order', async () => {
  await using trail = await auditTrail({ poolSize: 8 });
  const chainers = [1, 2, 3].map(() =>
    startChainer(trail.db, { key: async () => trail.key, checkpoints: trail.file }),
  );
  await trail.db.transaction(async (tx) => {
    // This one stays open: nobody waits for it, but what came after it is chained after it.
    await audit(tx, { action: 'payment.slow', subject: { type: 'payment', id: 'p-0' } });
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let n = 0; n < 20; n++) await trail.write({ action: 'payment.fast' });
      }),
    );
    assert.equal(await chainSome(trail.db).then((chained) => chained ?? 0), 0);
  });
  await until(async () => (await verifyAudit(trail.db)).last === 121);
  for (const chainer of chainers) await chainer.stop();
  const { damage, signedTo } = await trail.verify();
  assert.deepEqual([damage, signedTo], [undefined, 121]);
  const { entries } = await searchAudit(trail.db, { action: 'payment.slow' });
  assert.equal(entries[0]!.sequence, 1);
});

test('a chainer tells how far it is behind, and why it fails', async () => {
  const telemetry = testTelemetry();
  await using trail = await auditTrail({ telemetry });
  await trail.write({}, {});
  const broken = startChainer(trail.db, {
    key: () => Promise.reject(new Error('no key')),
    checkpoints: trail.file,
  });
  const value = (name: string): number | undefined =>
    telemetry.metrics.snapshot([name]).metrics[0]?.series[0]?.value;
  await until(() => (value('audit_chain_failures_total') ?? 0) > 0);
  await broken.stop();
  assert.equal(value('audit_chained_total'), 2);
  await trail.sign();
  assert.equal((await trail.verify()).signedTo, 2);
  assert.equal(value('audit_oldest_unchained_seconds'), 0);
});

test('the key is made once, readable by this user only, and a file that holds none is named', async () => {
  await using trail = await auditTrail();
  const file = join(trail.file, '..', 'keys', 'new.pem');
  const made = await Promise.all(Array.from({ length: 10 }, () => ensureSigningKey(file)));
  assert.equal(new Set(made.map(({ publicKey: { id } }) => id)).size, 1);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const pem = await readFile(file, 'utf8');
  const signature = signingKey(pem, file).sign('text');
  assert.ok(publicKey(made[0]!.publicKey.pem, 'test').verifies('text', signature));
  assert.ok(!publicKey(pem, 'test').verifies('Text', signature));
  await writeFile(file, 'not a key');
  await assert.rejects(ensureSigningKey(file), { code: 'CONFIG_INVALID', message: /new\.pem holds no key/ });
});
