import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Charge, noticeOf, openLedger } from './ledger.ts';

const folder = await mkdtemp(join(tmpdir(), 'acquirer-'));
after(() => rm(folder, { recursive: true }));

function charge(reference: string, status: Charge['status']): Charge {
  return {
    id: `ch_${reference}`,
    reference,
    merchant: 'goblin-shop',
    amount: { currency: 'EUR', minor: 1999 },
    status,
    createdAt: '2026-01-01T00:00:00Z',
  };
}

test('what was recorded is there after the file is opened again, in its latest state', async () => {
  const path = join(folder, 'again.jsonl');
  {
    await using ledger = await openLedger(path);
    await ledger.record(charge('a', 'authorized'));
    await Promise.all([ledger.record(charge('a', 'settled')), ledger.record(charge('b', 'declined'))]);
    await ledger.recordDelivery(noticeOf(charge('a', 'authorized'))!);
  }
  await using ledger = await openLedger(path);
  assert.deepEqual(
    [...ledger.charges].map(({ reference, status }) => `${reference} ${status}`),
    ['a settled', 'b declined'],
  );
  assert.deepEqual(
    ledger.undelivered.map((notice) => notice.id),
    ['msg_ch_a_settled'],
  );
});

test('a line that a crash cut off is removed, and the next one is whole', async () => {
  const path = join(folder, 'torn.jsonl');
  {
    await using ledger = await openLedger(path);
    await ledger.record(charge('a', 'authorized'));
  }
  await appendFile(path, '{"charge":{"id":"ch_b","refer');
  {
    await using ledger = await openLedger(path);
    assert.equal(ledger.find('b'), undefined);
    await ledger.record(charge('c', 'authorized'));
  }
  await using ledger = await openLedger(path);
  assert.deepEqual(
    [...ledger.charges].map(({ reference }) => reference),
    ['a', 'c'],
  );
});

test('many charges at once share few writes and all are kept', async () => {
  const path = join(folder, 'many.jsonl');
  await using ledger = await openLedger(path);
  await Promise.all(
    Array.from({ length: 500 }, (_, index) => ledger.record(charge(`r${index}`, 'authorized'))),
  );
  assert.equal((await readFile(path, 'utf8')).trim().split('\n').length, 500);
});
