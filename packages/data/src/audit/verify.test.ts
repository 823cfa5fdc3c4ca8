import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { auditTrail } from '../fixtures/audit-trail.ts';
import { startChainer } from './chainer.ts';
import { signCheckpoint } from './checkpoint.ts';
import { ensureSigningKey } from './signing-key.ts';
import { verifyAudit } from './verify.ts';

const ENTRY_OF = (sequence: number): string =>
  `(select entry from goblin.audit_chain where owner = $1 and sequence = ${sequence})`;

test('a trail that nobody touched is whole, and signed to its end', async () => {
  await using trail = await auditTrail();
  await trail.grow(300);
  await trail.write({});
  const { verified, last, signedTo, checkpoints, unchained, damage } = await trail.verify();
  assert.deepEqual(
    { verified, last, signedTo, checkpoints, unchained, damage },
    { verified: 300, last: 300, signedTo: 300, checkpoints: 4, unchained: 1, damage: undefined },
  );
});

/** What somebody may do who owns the database; the damage it makes in a trail of ten that was signed at 4 and 10. */
const TAMPERINGS: readonly [what: string, statement: string, kind: string, sequence: number | undefined][] = [
  [
    'a changed value',
    `update goblin.audit_entry set after = '{"n":9}' where id = ${ENTRY_OF(7)}`,
    'changed',
    7,
  ],
  [
    'a space in the JSON',
    `update goblin.audit_entry set after = '{"n": 7}' where id = ${ENTRY_OF(7)}`,
    'changed',
    7,
  ],
  [
    'a microsecond',
    `update goblin.audit_entry set at = at + interval '1 microsecond' where id = ${ENTRY_OF(5)}`,
    'changed',
    5,
  ],
  [
    'an actor who was nobody',
    `update goblin.audit_entry set actor = 'eve' where id = ${ENTRY_OF(1)}`,
    'changed',
    1,
  ],
  ['a removed entry', `delete from goblin.audit_entry where id = ${ENTRY_OF(3)}`, 'removed', 3],
  ['a removed last entry', `delete from goblin.audit_entry where id = ${ENTRY_OF(10)}`, 'removed', 10],
  [
    'a removed entry with its link',
    `with gone as (delete from goblin.audit_chain where owner = $1 and sequence = 6 returning entry)
     delete from goblin.audit_entry using gone where id = entry`,
    'removed',
    6,
  ],
  [
    'a removed beginning',
    `with gone as (delete from goblin.audit_chain where owner = $1 and sequence <= 2 returning entry)
     delete from goblin.audit_entry using gone where id = entry`,
    'removed',
    1,
  ],
  [
    'two entries in each other’s place',
    `update goblin.audit_chain set entry = -1 where entry = ${ENTRY_OF(2)};
     update goblin.audit_chain set entry = (select min(id) + 1 from goblin.audit_entry where owner = $1) where owner = $1 and sequence = 8;
     update goblin.audit_chain set entry = (select min(id) + 7 from goblin.audit_entry where owner = $1) where entry = -1`,
    'reordered',
    2,
  ],
  [
    'two links in each other’s place',
    `update goblin.audit_chain set sequence = -8 where owner = $1 and sequence = 8;
     update goblin.audit_chain set sequence = 8 where owner = $1 and sequence = 7;
     update goblin.audit_chain set sequence = 7 where owner = $1 and sequence = -8`,
    'reordered',
    7,
  ],
  [
    'an entry slipped in',
    `insert into goblin.audit_entry (owner, xid, action, subject_type, subject_id)
     select owner, xid, 'payment.made', 'payment', 'p-0' from goblin.audit_entry where id = ${ENTRY_OF(4)}`,
    'inserted',
    undefined,
  ],
  [
    'a cut end, checkpoints and all',
    `with gone as (delete from goblin.audit_chain where owner = $1 and sequence > 8 returning entry)
     delete from goblin.audit_entry using gone where id = entry;
     delete from goblin.audit_checkpoint where owner = $1 and sequence > 8`,
    'cut',
    9,
  ],
  [
    'everything gone',
    `delete from goblin.audit_chain where owner = $1; delete from goblin.audit_entry where owner = $1;
     delete from goblin.audit_checkpoint where owner = $1`,
    'cut',
    1,
  ],
];

for (const [what, statement, kind, sequence] of TAMPERINGS) {
  test(`${what} is found, and named`, async () => {
    await using trail = await auditTrail();
    await trail.grow(4);
    await trail.grow(6);
    await trail.tamper(statement);
    const { damage } = await trail.verify();
    assert.equal(damage?.kind, kind, damage?.message);
    assert.equal(damage.sequence, sequence);
  });
}

test('a chain that was made anew as a whole contradicts what was signed', async () => {
  await using trail = await auditTrail();
  await trail.grow(5);
  await trail.tamper(
    `update goblin.audit_entry set reason = 'forged' where id = ${ENTRY_OF(2)};
     delete from goblin.audit_chain where owner = $1; delete from goblin.audit_checkpoint where owner = $1`,
  );
  // The service itself chains it again, as an attacker would.
  const other = await ensureSigningKey(`${trail.file}.other`);
  const forged = { ...trail, file: `${trail.file}.forged` };
  await startChainer(trail.db, { key: async () => other, checkpoints: forged.file }).stop();
  assert.equal((await trail.verify({ checkpointsFile: forged.file })).damage?.kind, 'forged');
  await trail.tamper('delete from goblin.audit_checkpoint where owner = $1');
  const { damage } = await trail.verify();
  assert.deepEqual([damage?.kind, damage?.sequence], ['rewritten', 5]);
});

test('a checkpoint counts only with the signature of a known key', async () => {
  await using trail = await auditTrail();
  await trail.grow(3);
  const genuine = await readFile(trail.file, 'utf8');
  const stranger = await ensureSigningKey(`${trail.file}.stranger`);
  const byStranger = signCheckpoint(stranger, trail.db.schema, 3, Buffer.alloc(32));
  await writeFile(trail.file, `${genuine}\n${JSON.stringify(byStranger)}\n`);
  assert.match(
    (await trail.verify()).damage?.message ?? '',
    /is signed by the key [0-9a-f]{16}, which was not given/,
  );
  await writeFile(trail.file, genuine.replace('"sequence":3', '"sequence":2'));
  assert.match((await trail.verify()).damage?.message ?? '', /its signature is wrong/);
  // What a crash has cut off proves nothing, and is no damage either.
  await writeFile(trail.file, `${genuine}\n{"owner":"${trail.db.schema}","sequ`);
  assert.equal((await trail.verify()).damage, undefined);
});

test('without a file or a key it says what it could not see', async () => {
  await using trail = await auditTrail();
  await trail.grow(3);
  await trail.tamper(
    `delete from goblin.audit_chain where owner = $1 and sequence = 3; delete from goblin.audit_checkpoint where owner = $1;
     delete from goblin.audit_entry where owner = $1 and subject_id = 'p-3'`,
  );
  const blind = await verifyAudit(trail.db);
  assert.deepEqual([blind.damage, blind.last, blind.signedTo, blind.checkpoints], [undefined, 2, 0, 0]);
  assert.equal((await trail.verify()).damage?.kind, 'cut');
  await assert.rejects(trail.verify({ checkpointsFile: '/nowhere/checkpoints' }), { code: 'NOT_FOUND' });
});

test('a part of the chain can be looked at alone', async () => {
  await using trail = await auditTrail();
  await trail.grow(10);
  await trail.tamper(`update goblin.audit_entry set reason = 'x' where id = ${ENTRY_OF(3)}`);
  assert.equal((await trail.verify({ from: 4 })).verified, 7);
  assert.equal((await trail.verify({ to: 2 })).verified, 2);
  assert.equal((await trail.verify({ from: 2, to: 5 })).damage?.sequence, 3);
  assert.equal((await trail.verify({ from: 40 })).damage?.kind, 'removed');
});
