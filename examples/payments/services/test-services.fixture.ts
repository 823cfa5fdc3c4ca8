/** Services under test share one PostgreSQL per test file: real, started at first use, gone in the end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { context } from 'goblin';
import type { Merchant } from './payments/merchants.ts';

export async function sharedDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'payments-test-'));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What `work` asks for, it asks for in the name of a merchant. */
export function asMerchant<T>(merchant: Merchant, work: () => T): T {
  return context.run({ tenant: merchant }, work);
}

/** The same for a whole test. */
export function asShop(work: () => Promise<void>): () => Promise<void> {
  return () => asMerchant('goblin-shop', work);
}
