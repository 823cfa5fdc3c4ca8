import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backupHealth } from './backup-health.ts';

const DAY_MS = 86_400_000;

test('backups are well while nothing fails, the log is not far behind and the last good one is not too old', () => {
  const seen = { rpoMs: 3_000, ageMs: 7_000 } as { rpoMs: number | undefined; ageMs: number | undefined };
  const health = backupHealth(seen, DAY_MS, 10_000);
  const well = { ok: true, detail: 'the store has the log up to 3 s ago, a good backup of 7 s ago' };
  assert.deepEqual(health.check(), well);
  health.tell('log', 'the log cannot be archived: the disk is full');
  health.tell('backup', 'the backup x is bad');
  const detail = 'the log cannot be archived: the disk is full; the backup x is bad';
  assert.deepEqual(health.check(), { ok: false, detail });
  health.tell('log', undefined);
  health.tell('backup', undefined);
  assert.deepEqual(health.check(), well);
  seen.rpoMs = 61_000;
  seen.ageMs = 2 * DAY_MS + 1;
  assert.deepEqual(health.check(), {
    ok: false,
    detail: 'what was written in the last 61 s is not in the store; the last good backup is 172800 s old',
  });
  seen.rpoMs = undefined;
  seen.ageMs = undefined;
  assert.deepEqual(health.check(), { ok: true, detail: 'another process makes the backups' });
});
