import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { directoryStore } from '../storage/directory-store.ts';
import { ensureBackupKey } from './backup-key.ts';
import { type BackupRecord, listRecords, partName, writeRecord } from './backup-record.ts';
import { lsnOf, lsnText } from './lsn.ts';
import { expireBackups, keptRecords } from './retention.ts';
import { vault } from './vault.ts';
import { listPieces, pieceName } from './wal-archive.ts';

const DAY_MS = 86_400_000;
const SEGMENT = 16_777_216n;
const root = mkdtempSync(join(tmpdir(), 'goblin-retention-'));
after(() => rmSync(root, { recursive: true }));

/** Made so many days ago, at the beginning of the segment of that number. */
function backup(id: string, daysAgo: number, segment: bigint, good: boolean | undefined): BackupRecord {
  const at = new Date(Date.now() - daysAgo * DAY_MS).toISOString();
  return {
    version: 1,
    id,
    system: 'sys',
    postgres: '18.4',
    timeline: 1,
    segmentBytes: Number(SEGMENT),
    startLsn: lsnText(segment * SEGMENT + 40n),
    endLsn: lsnText(segment * SEGMENT + 256n),
    startedAt: at,
    endedAt: at,
    files: 1,
    dataBytes: 1,
    storedBytes: 1,
    tables: [],
    ...(good !== undefined && {
      verification: { good, at, restoreSeconds: 1, checkSeconds: 1, checks: [] },
    }),
  };
}

const kept = (records: readonly BackupRecord[], days: number, backups: number): string[] =>
  [...keptRecords(records, { windowMs: days * DAY_MS, backups }, Date.now())].map(({ id }) => id);

test('kept is what the window begins with, and the number of good ones asked for', () => {
  const all = [5, 4, 3, 2, 1].map((days) => backup(`d${days}`, days, BigInt(10 - days), true));
  assert.deepEqual(kept(all, 2.5, 1), ['d3', 'd2', 'd1']);
  assert.deepEqual(kept(all, 0, 2), ['d2', 'd1']);
  assert.deepEqual(kept(all, 0, 4), ['d4', 'd3', 'd2', 'd1']);
  assert.deepEqual(kept(all, 100, 1), ['d5', 'd4', 'd3', 'd2', 'd1']);
});

test('the last good one is kept, however old it is and however many bad ones are newer', () => {
  const all = [backup('good', 90, 1n, true), backup('bad', 2, 2n, false), backup('new', 1, 3n, undefined)];
  assert.deepEqual(kept(all, 0, 0), ['good', 'bad', 'new']);
  assert.deepEqual(kept(all.slice(1), 0, 0), ['bad', 'new'], 'nothing goes while none is good');
});

test('of those that were found bad only the newest is kept, so that they do not fill the store', () => {
  const bad = [3, 2, 1].map((days) => backup(`b${days}`, days, BigInt(10 - days), false));
  assert.deepEqual(kept([backup('good', 9, 1n, true), ...bad], 7, 3), ['good', 'b1']);
  assert.deepEqual(kept(bad, 7, 3), ['b1']);
});

test('deleted are old backups, the log that only they needed, and halves that a killed process left', async () => {
  const folder = join(root, 'store');
  const store = vault(await directoryStore(folder), await ensureBackupKey(join(root, 'key')));
  const records = [backup('old', 9, 1n, true), backup('one', 3, 3n, true), backup('two', 1, 5n, true)];
  for (const record of records) {
    await writeRecord(store, record);
    await store.putBytes(partName('sys', record.id, 'data'), Buffer.from('data'));
  }
  for (let segment = 1n; segment < 7n; segment++) {
    const [start, end] = [segment * SEGMENT, (segment + 1n) * SEGMENT];
    await store.putBytes(pieceName('sys', { timeline: 1, start, end, untilMs: 1 }), Buffer.from('log'));
  }
  for (const id of ['killed', 'under-way'])
    await store.putBytes(partName('sys', id, 'data'), Buffer.from('half'));
  const before = Date.now() / 1_000 - 3 * 86_400;
  utimesSync(join(folder, partName('sys', 'killed', 'data')), before, before);

  const { backups, pieces } = await expireBackups(store, { windowMs: 2 * DAY_MS, backups: 1 });
  assert.deepEqual([backups, pieces], [['old'], 2]);
  assert.deepEqual(
    (await listRecords(store)).map(({ id }) => id),
    ['one', 'two'],
  );
  const first = (await listPieces(store, 'sys'))[0]!;
  assert.ok(first.start <= lsnOf(records[1]!.startLsn) && lsnOf(records[1]!.startLsn) < first.end);
  const data = (await Array.fromAsync(store.list('base/'))).map(({ key }) => key.split('/')[2]);
  assert.deepEqual([...new Set(data)], ['one', 'two', 'under-way']);
  assert.deepEqual((await expireBackups(store, { windowMs: 0, backups: 0 })).backups, ['one']);
  assert.deepEqual((await expireBackups(store, { windowMs: 0, backups: 0 })).backups, []);
});
