import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { context } from '@goblin/core';
import { installSchema } from '@goblin/data';
import { testDatabase } from '@goblin/data/testing';
import { greeting } from './fixtures/test-mail.ts';
import { installMail } from './mail-schema.ts';
import { listSuppressions, suppress } from './messages/suppression-list.ts';

test('mails and suppressed addresses of the first version stay, and keep their keys', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-mail-schema-'));
  after(() => rm(folder, { recursive: true }));
  await copyFile(new URL('./schema/0001_mail.sql', import.meta.url), join(folder, '0001_mail.sql'));
  await using db = await testDatabase();
  await installSchema(db, 'goblin_mail', pathToFileURL(`${folder}/`));
  const { id } = await db.one<{ id: number }>(
    `insert into goblin_mail.message (kind, key, policy, parties, subject, text, expires_at)
     values ('tests.greeting', 'k', 'never-twice', '{"to": [{"address": "ada@example.com"}], "cc": [], "bcc": []}', 's', 't', now())
     returning id`,
  );
  for (const address of ['eve@example.com', 'bob@example.com']) await suppress(db, address, 'manual');
  await installMail(db);
  await installMail(db);
  const greet = () =>
    db.transaction((tx) => greeting.send(tx, { key: 'k', to: 'ada@example.com', data: { name: 'Ada' } }));
  assert.deepEqual(await greet(), { id, isNew: false });
  assert.equal((await context.run({ tenant: 'red' }, greet)).isNew, true);
  assert.equal((await listSuppressions(db)).length, 2);
});
