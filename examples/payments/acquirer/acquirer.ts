/** A card acquirer that a payments platform can be tried with: it is slow at times, declines, refuses, loses answers
 * and tells by signed webhooks what it did. It stands for somebody else's program, so it shares no code with the
 * services. Settings, all by environment:
 *
 *   PORT               where it listens on loopback (9000)
 *   WEBHOOK_URL        where webhooks go
 *   ACQUIRER_TROUBLE   share of charges that meet trouble by chance (0.02)
 *   GOBLIN_DATA        the folder in which its ledger is kept (.)
 *   GOBLIN_SECRETS     the folder of acquirer_key, which merchants send, and webhook_secret, which signs webhooks
 *
 * Goblin gives the last two to each program that it runs. */
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCharges } from './charges.ts';
import { openLedger } from './ledger.ts';
import { acquirerServer } from './server.ts';
import { webhooks } from './webhooks.ts';

const port = Number(process.env.PORT ?? 9000);
const random = Math.random;
const stopping = new AbortController();
setMaxListeners(0, stopping.signal);

await using ledger = await openLedger(join(process.env.GOBLIN_DATA ?? '.', 'acquirer', 'ledger.jsonl'));
const tell = webhooks({
  url: required('WEBHOOK_URL'),
  secret: secret('webhook_secret'),
  ledger,
  random,
  stopping: stopping.signal,
});
const charges = createCharges({ ledger, tell, random, stopping: stopping.signal });
const server = acquirerServer({
  key: secret('acquirer_key'),
  charges,
  ledger,
  random,
  trouble: Number(process.env.ACQUIRER_TROUBLE ?? 0.02),
});
charges.resume();
await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
console.log(`acquirer: listening on http://127.0.0.1:${port}`);

await new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
});
stopping.abort();
await new Promise<void>((resolve) => {
  server.close(() => resolve());
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), 2_000).unref();
});

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is missing`);
  return value;
}

function secret(name: string): string {
  return readFileSync(join(required('GOBLIN_SECRETS'), name), 'utf8').trim();
}
