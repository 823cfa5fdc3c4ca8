/** An acquirer in the process of a test: the real one, on a free port, with a ledger in a folder of its own. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCharges } from './charges.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { acquirerServer } from './server.ts';
import { webhooks } from './webhooks.ts';

export const TEST_KEY = 'test-key';
export const TEST_SECRET = `whsec_${Buffer.from('a secret of at least 24 bytes').toString('base64')}`;

export interface TestAcquirer extends AsyncDisposable {
  readonly url: string;
  readonly ledger: Ledger;
}

export interface TestAcquirerOptions {
  /** Where webhooks go. Default: nowhere. */
  readonly webhookUrl?: string;
  /** Default 0. */
  readonly trouble?: number;
  /** Default: always 0.5, which is quick, settles after 1.5 s and tells everything once and at once. */
  readonly random?: () => number;
  /** Default: a new one that is removed in the end. */
  readonly folder?: string;
}

export async function testAcquirer(options: TestAcquirerOptions = {}): Promise<TestAcquirer> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'acquirer-')));
  const random = options.random ?? (() => 0.5);
  const stopping = new AbortController();
  const ledger = await openLedger(join(folder, 'ledger.jsonl'));
  const tell = options.webhookUrl
    ? webhooks({ url: options.webhookUrl, secret: TEST_SECRET, ledger, random, stopping: stopping.signal })
    : () => {};
  const charges = createCharges({ ledger, tell, random, stopping: stopping.signal });
  const server = acquirerServer({ key: TEST_KEY, charges, ledger, random, trouble: options.trouble ?? 0 });
  charges.resume();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ledger,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      server.close();
      server.closeAllConnections();
      await ledger[Symbol.asyncDispose]();
      if (options.folder === undefined) await rm(folder, { recursive: true });
    },
  };
}
