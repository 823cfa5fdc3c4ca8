/** Asks another member over TCP: one POST to the door that its HTTP server has for it, on a connection of its own,
 * because it is rare and a kept connection could be stale. It needs no TLS: the cluster's key seals it. */
import { type IncomingMessage, request } from 'node:http';
import { EXCHANGE_PATH, MAX_EXCHANGE_BYTES } from '../discovery/peer-exchange.ts';
import type { Endpoint } from '../peer.ts';
import { EXCHANGE_TIMEOUT_MS, type ExchangeFailure } from './network.ts';

/** @throws the system's error, or why there is no answer. */
export function askOverHttp(to: Endpoint, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const options = {
      host: to.host,
      port: to.port,
      path: EXCHANGE_PATH,
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'content-length': body.length },
      agent: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(EXCHANGE_TIMEOUT_MS)]),
    } as const;
    request(options, (answer) => void read(answer).then(resolve, reject))
      .on('error', reject)
      .end(body);
  });
}

async function read(answer: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_EXCHANGE_BYTES) throw new Error(`its answer is larger than ${MAX_EXCHANGE_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (answer.statusCode === 403) {
    throw new Error('it does not know our key, or clocks differ by more than 30 s');
  }
  if (answer.statusCode !== 200) throw new Error(`it answered ${answer.statusCode}`);
  return Buffer.concat(chunks);
}

export function failureOf(error: unknown): ExchangeFailure {
  if (!(error instanceof Error)) return { reason: String(error), refused: false };
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError')
    return { reason: 'no answer in time', refused: false };
  return { reason: message || code || name, refused: code === 'ECONNREFUSED' };
}
