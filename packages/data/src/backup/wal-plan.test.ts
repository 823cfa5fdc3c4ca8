import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { directoryStore } from '../storage/directory-store.ts';
import { ensureBackupKey } from './backup-key.ts';
import type { BackupRecord } from './backup-record.ts';
import { lsnOf, lsnText, segmentName } from './lsn.ts';
import { type Vault, vault } from './vault.ts';
import { pieceName, putHistory, stretchesTo } from './wal-archive.ts';
import { planRestore, type RestorePlan } from './wal-plan.ts';

const SEGMENT = 16_777_216;
const root = mkdtempSync(join(tmpdir(), 'goblin-plan-'));
after(() => rmSync(root, { recursive: true }));
const key = await ensureBackupKey(join(root, 'key'));

/** 20 November 2026, a time of that day in UTC. */
const at = (time: string): Date => new Date(`2026-11-20T${time}:00Z`);

async function emptyVault(): Promise<Vault> {
  return vault(await directoryStore(mkdtempSync(join(root, 'store-'))), key);
}

async function put(to: Vault, timeline: number, start: string, end: string, time: string): Promise<void> {
  const piece = { timeline, start: lsnOf(start), end: lsnOf(end), untilMs: at(time).getTime() };
  await to.putBytes(pieceName('sys', piece), Buffer.from(''));
}

function backup(id: string, timeline: number, startLsn: string, endLsn: string, time: string): BackupRecord {
  return {
    version: 1,
    id,
    system: 'sys',
    postgres: '18.4',
    timeline,
    segmentBytes: SEGMENT,
    startLsn,
    endLsn,
    startedAt: at(time).toISOString(),
    endedAt: at(time).toISOString(),
    files: 1,
    dataBytes: 1,
    storedBytes: 1,
    tables: [],
    verification: { good: true, at: '', restoreSeconds: 1, checkSeconds: 1, checks: [] },
  };
}

const shape = ({ base, timeline, pieces }: RestorePlan): unknown[] => [
  base.id,
  timeline,
  pieces.map((piece) => `${piece.timeline}:${lsnText(piece.start)}`),
];

test('positions are read and written as PostgreSQL does, also beyond 4 GiB', () => {
  assert.equal(lsnText(lsnOf('16/B374D848')), '16/B374D848');
  assert.equal(segmentName(1, lsnOf('0/3000028'), SEGMENT), '000000010000000000000003');
  assert.equal(segmentName(10, lsnOf('16/B374D848'), SEGMENT), '0000000A00000016000000B3');
});

test('the newest good backup before the moment is taken, and the log until after it', async () => {
  const store = await emptyVault();
  await put(store, 1, '0/2000000', '0/2800000', '10:00');
  await put(store, 1, '0/2800000', '0/3000000', '11:00');
  await put(store, 1, '0/3000000', '0/3800000', '12:00');
  await put(store, 1, '0/3800000', '0/4000000', '13:00');
  const one = backup('one', 1, '0/2000028', '0/2000100', '10:00');
  const two = backup('two', 1, '0/2900028', '0/2900100', '11:00');
  const bad = {
    ...backup('bad', 1, '0/3000028', '0/3000100', '11:20'),
    verification: { ...one.verification!, good: false },
  };
  const { verification: _, ...unverified } = backup('unverified', 1, '0/3000028', '0/3000100', '11:25');
  const all = [one, two, bad, unverified];
  assert.deepEqual(shape(await planRestore(store, all, { at: at('11:30') })), [
    'two',
    1,
    ['1:0/2800000', '1:0/3000000'],
  ]);
  assert.deepEqual(shape(await planRestore(store, all, { at: at('10:30') })), [
    'one',
    1,
    ['1:0/2000000', '1:0/2800000'],
  ]);
  assert.deepEqual(shape(await planRestore(store, all, 'latest'))[0], 'two');
  assert.deepEqual(shape(await planRestore(store, all, 'backup', one)), ['one', 1, ['1:0/2000000']]);
  const late = await planRestore(store, all, { at: at('15:00') });
  assert.deepEqual([late.endsBefore, late.endsAt], [true, at('13:00')]);
  await assert.rejects(planRestore(store, all, { at: at('09:00') }), {
    code: 'NOT_FOUND',
    message: /earliest.*10:00/,
  });
  await assert.rejects(planRestore(store, [unverified], 'latest'), { message: /known to be good/ });
  await assert.rejects(planRestore(store, [], 'latest'), { message: /goblin backup now/ });
});

test('a missing piece of the log is told, with where it begins and ends', async () => {
  const store = await emptyVault();
  await put(store, 1, '0/2000000', '0/2800000', '10:00');
  await put(store, 1, '0/3000000', '0/3800000', '12:00');
  const one = backup('one', 1, '0/2000028', '0/2000100', '10:00');
  await assert.rejects(planRestore(store, [one], 'latest'), {
    code: 'NOT_FOUND',
    message: /ends at 0\/2800000 .*10:00.*goes on at 0\/3000000/,
  });
  const { verification: _, ...untried } = backup('untried', 1, '0/3000028', '0/3000100', '12:00');
  const all = [one, untried];
  await assert.rejects(planRestore(store, all, 'latest'), {
    message: /untried is newer.*backup verify.*--backup/,
  });
  await assert.rejects(planRestore(store, all, { at: at('11:00') }), { message: /choose a moment before/ });
  assert.equal((await planRestore(store, all, 'latest', untried)).base.id, 'untried');
  const before = await planRestore(store, [one], { at: at('10:00') });
  assert.deepEqual(
    [before.pieces.length, before.endsBefore],
    [1, false],
    'a gap after the moment does no harm',
  );
  await assert.rejects(planRestore(store, [one], { at: at('11:00') }), { code: 'NOT_FOUND' });
  await assert.rejects(planRestore(store, [backup('two', 1, '0/3700000', '0/3900000', '12:00')], 'latest'), {
    code: 'NOT_FOUND',
  });
});

test('pieces that overlap, as two archivers leave them, are as good as others', async () => {
  const store = await emptyVault();
  await put(store, 1, '0/2000000', '0/2800000', '10:00');
  await put(store, 1, '0/2000000', '0/3000000', '11:00');
  await put(store, 1, '0/2900000', '0/3800000', '12:00');
  const { pieces } = await planRestore(
    store,
    [backup('one', 1, '0/2000028', '0/2000100', '10:00')],
    'latest',
  );
  assert.equal(pieces.at(-1)?.end, lsnOf('0/3800000'));
});

test('after a restore the moments before and after it, and of what it gave up, are all found', async () => {
  const store = await emptyVault();
  await put(store, 1, '0/2000000', '0/3000000', '10:00');
  await put(store, 1, '0/3000000', '0/3400000', '11:00');
  await put(store, 1, '0/3400000', '0/4000000', '12:00');
  // At 12:30 it was restored to 11:00, which is 0/3300000.
  const history = '1\t0/3300000\tbefore 2026-11-20 11:00:00+00\n';
  await putHistory(store, 'sys', 2, history);
  await put(store, 2, '0/3000000', '0/3500000', '12:40');
  const first = backup('first', 1, '0/2000028', '0/2000100', '10:00');
  const givenUp = backup('given-up', 1, '0/3800000', '0/3900000', '11:50');
  const all = [first, givenUp];
  const plan = async (time: string): Promise<unknown[]> =>
    shape(await planRestore(store, all, { at: at(time) }));
  assert.deepEqual(await plan('12:50'), ['first', 2, ['1:0/2000000', '1:0/3000000', '2:0/3000000']]);
  assert.deepEqual(await plan('12:10'), ['given-up', 1, ['1:0/3400000']]);
  assert.deepEqual((await plan('10:30')).slice(0, 2), ['first', 1]);
  assert.deepEqual(stretchesTo(2, history), [
    { timeline: 1, from: 0n, to: lsnOf('0/3300000') },
    { timeline: 2, from: lsnOf('0/3300000'), to: undefined },
  ]);
  await assert.rejects(planRestore(store, [givenUp], { at: at('12:50') }), { message: /timeline 2/ });
});
