import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { program } from '../fixtures/processes.ts';
import { isPostmasterOf } from './postmaster.ts';

interface Throwaway {
  readonly pid: number;
  readonly cluster: string;
}

test('the server of a test process is gone with it, and that of a killed one with the next', async () => {
  await using killed = program('throwaway-user');
  const left = await killed.next<Throwaway>();
  await killed.kill();
  await using orderly = program('throwaway-user');
  const used = await orderly.next<Throwaway>();
  assert.ok(!isPostmasterOf(left.cluster, left.pid));
  assert.ok(!existsSync(left.cluster));
  assert.ok(isPostmasterOf(used.cluster, used.pid));
  await orderly.end();
  assert.ok(!isPostmasterOf(used.cluster, used.pid));
  assert.ok(!existsSync(used.cluster));
});
