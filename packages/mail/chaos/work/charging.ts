/** How the work asks the charge server: with a key, so that asking again is safe, and not for longer than a while. */
import { GoblinError } from '@goblin/core';

const PATIENCE_MS = 500;

/** Answers the number of the receipt. @throws UNAVAILABLE when it is to be tried again */
export async function chargeOnce(url: string, key: string, signal: AbortSignal): Promise<string> {
  const request = {
    method: 'POST',
    headers: { 'idempotency-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ key, cents: key.length }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  };
  try {
    const response = await fetch(url, request);
    if (response.ok) return ((await response.json()) as { receipt: string }).receipt;
    await response.body?.cancel();
    throw new Error(`it answered ${response.status}`);
  } catch (error) {
    throw new GoblinError('UNAVAILABLE', { message: `${key} was not charged: ${error}`, cause: error });
  }
}
