import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { embeddedDatabase } from '../fixtures/embedded-database.ts';
import { program, until } from '../fixtures/processes.ts';
import { audit } from './audit.ts';
import { ensureSigningKey } from './signing-key.ts';
import { verifyAudit } from './verify.ts';

const WRITERS = 6;
const ROUNDS = 6;

test('whoever is killed while chaining, every entry has one place in a whole chain', {
  timeout: 180_000,
}, async () => {
  await using embedded = await embeddedDatabase();
  const db = await embedded.open('audited', WRITERS + 2);
  const files = [join(embedded.folder, 'key.pem'), join(embedded.folder, 'checkpoints.jsonl')] as const;
  const [keyFile, checkpointsFile] = files;
  let writing = true;
  let written = 0;

  async function write(): Promise<void> {
    while (writing) {
      await db
        .transaction(async (tx) => {
          await audit(tx, { action: 'thing.done', subject: { type: 'thing', id: String(written++) } });
          // Commits in another order than ids were given.
          await tx.query('select pg_sleep(random() * 0.01)');
        })
        .catch(() => {});
    }
  }

  const writers = Array.from({ length: WRITERS }, write);
  const count = async (table: string): Promise<number> =>
    (await db.one<{ count: number }>(`select count(*) from goblin.${table}`)).count;
  for (let round = 0; round < ROUNDS; round++) {
    const chainers = [1, 2].map(() => program('audit-chainer', embedded.folder, ...files));
    await Promise.all(chainers.map((chainer) => chainer.next()));
    const before = await count('audit_chain');
    await until(async () => (await count('audit_chain')) > before + 50, 90_000);
    if (round % 3 === 2) await embedded.killServer();
    await Promise.all(chainers.map((chainer) => chainer.kill()));
  }
  writing = false;
  await Promise.all(writers);

  await using last = program('audit-chainer', embedded.folder, ...files);
  await last.next();
  await until(async () => (await count('audit_chain')) === (await count('audit_entry')), 90_000);
  await last.end();
  const { publicKey } = await ensureSigningKey(keyFile);
  const report = await verifyAudit(db, { keys: [publicKey], checkpointsFile });
  const entries = await count('audit_entry');
  assert.equal(report.damage, undefined);
  assert.deepEqual([report.verified, report.signedTo, report.unchained], [entries, entries, 0]);
  assert.ok(entries > ROUNDS * 50);
});
