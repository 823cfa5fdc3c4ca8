/** Asks another member over TCP: one POST to the door that its HTTP server has for it. */
import { EXCHANGE_PATH, MAX_EXCHANGE_BYTES } from '../discovery/peer-exchange.ts';
import { postSealed } from '../http/sealed-post.ts';
import type { Endpoint } from '../peer.ts';
import { EXCHANGE_TIMEOUT_MS, type ExchangeFailure } from './network.ts';

/** @throws the system's error, or why there is no answer. */
export async function askOverHttp(to: Endpoint, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const answer = await postSealed({
    to,
    path: EXCHANGE_PATH,
    body,
    maxAnswerBytes: MAX_EXCHANGE_BYTES,
    signal: AbortSignal.any([signal, AbortSignal.timeout(EXCHANGE_TIMEOUT_MS)]),
  });
  if (answer.status === 403) {
    throw new Error('it does not know our key, or clocks differ by more than 30 s');
  }
  if (answer.status !== 200) throw new Error(`it answered ${answer.status}`);
  return answer.body;
}

export function failureOf(error: unknown): ExchangeFailure {
  if (!(error instanceof Error)) return { reason: String(error), refused: false };
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError')
    return { reason: 'no answer in time', refused: false };
  return { reason: message || code || name, refused: code === 'ECONNREFUSED' };
}
