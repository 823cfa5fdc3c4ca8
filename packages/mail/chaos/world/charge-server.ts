/** A program: an HTTP server that charges, once per Idempotency-Key, and behaves badly about it. It answers late, fails before
 * or after it has charged, drops the connection before or after, and sometimes never answers. It counts what it did,
 * and writes down every request. GET answers all of that. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sleep } from '@goblin/core';
import { type Chance, chance } from '../chance.ts';
import { argument, tellReady, untilToldToEnd } from './program.ts';

/** What the server knows of a key. */
export interface ChargeRecord {
  readonly key: string;
  readonly receipt: string;
  /** How often it really charged. */
  charges: number;
  /** Requests with this key whose body was another one. */
  strangers: number;
  readonly requests: { readonly at: string; readonly manner: Manner }[];
}

const MANNERS = [
  'at once',
  'late',
  'failed before',
  'failed after',
  'dropped before',
  'dropped after',
  'no answer',
] as const;
type Manner = (typeof MANNERS)[number];

/** Out of a hundred; the rest is answered at once. */
const BAD: readonly (readonly [Manner, number])[] = [
  ['late', 10],
  ['failed before', 6],
  ['failed after', 6],
  ['dropped before', 5],
  ['dropped after', 8],
  ['no answer', 1],
];
const LATEST_MS = 250;

const records = new Map<string, ChargeRecord & { readonly body: string }>();
const luck = chance(argument<{ seed: number }>().seed);

const server = createServer((request, response) => {
  answer(request, response).catch(() => request.socket.destroy());
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
tellReady({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
await untilToldToEnd();
server.close();
server.closeAllConnections();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') return reply(response, 200, [...records.values()]);
  const body = await bodyOf(request);
  const key = String(request.headers['idempotency-key']);
  const manner = draw(luck);
  const at = new Date().toISOString();
  const record = records.get(key) ?? { key, receipt: `receipt ${records.size + 1}`, body, ...nothingYet() };
  records.set(key, record);
  record.requests.push({ at, manner });
  if (record.body !== body) record.strangers++;
  if (manner === 'failed before') return reply(response, 503, {});
  if (manner === 'dropped before') return void request.socket.destroy();
  if (record.charges === 0) record.charges++;
  if (manner === 'failed after') return reply(response, 500, {});
  if (manner === 'dropped after') return void request.socket.destroy();
  if (manner === 'no answer') return;
  if (manner === 'late') await sleep(luck.below(LATEST_MS));
  reply(response, 200, { receipt: record.receipt });
}

function nothingYet(): Pick<ChargeRecord, 'charges' | 'strangers' | 'requests'> {
  return { charges: 0, strangers: 0, requests: [] };
}

function draw(source: Chance): Manner {
  let left = source.below(100);
  for (const [manner, percent] of BAD) {
    left -= percent;
    if (left < 0) return manner;
  }
  return 'at once';
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
