/** Services under test share one PostgreSQL per test file: real, started at first use, gone in the end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

export async function sharedDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'payments-test-'));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
