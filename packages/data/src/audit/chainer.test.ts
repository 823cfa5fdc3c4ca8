import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../fixtures/processes.ts';
import { testDatabase } from '../testing/test-database.ts';
import { audit } from './audit.ts';
import { startChainer } from './chainer.ts';
import { lastCheckpoint } from './checkpoint.ts';
import { ensureSigningKey } from './signing-key.ts';

test('a process that stops signs what it chained, however short a time ago it signed', async () => {
  await using db = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'goblin-chainer-'));
  try {
    const chainer = startChainer(db, {
      key: () => ensureSigningKey(join(folder, 'key.pem')),
      checkpoints: join(folder, 'checkpoints.jsonl'),
    });
    const chained = async (): Promise<number> => (await db.many('select from goblin.audit_chain')).length;
    for (const count of [1, 2]) {
      await db.transaction((tx) =>
        audit(tx, { action: 'thing.done', subject: { type: 'thing', id: `${count}` } }),
      );
      await until(async () => (await chained()) === count);
      await until(async () => (await lastCheckpoint(db))?.sequence === 1);
    }
    await chainer.stop();
    assert.equal((await lastCheckpoint(db))?.sequence, 2);
  } finally {
    await rm(folder, { recursive: true });
  }
});
