/** Tells the merchant what happened, as the Standard Webhooks specification says: signed, and again and again until
 * a 2xx answer, also after a restart. Order is not kept and a message may come twice: receivers must cope.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, tellingOf } from './behaviour.ts';
import type { Ledger, Notice } from './ledger.ts';

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 15_000;
const ANSWER_TIMEOUT_MS = 5_000;

export interface WebhookOptions {
  readonly url: string;
  /** `whsec_` and base64. */
  readonly secret: string;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly stopping: AbortSignal;
}

/** Delivers a notice in the background. */
export type Tell = (notice: Notice) => void;

export function webhooks({ url, secret, ledger, random, stopping }: WebhookOptions): Tell {
  async function deliver(notice: Notice): Promise<void> {
    const { times, delayMs } = tellingOf(random);
    await sleep(delayMs, undefined, { signal: stopping });
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      if (await post(notice)) break;
      await sleep(pauseMs * (0.5 + random() / 2), undefined, { signal: stopping });
    }
    for (let again = 1; again < times; again++) await post(notice);
    await ledger.recordDelivery(notice);
  }

  async function post(notice: Notice): Promise<boolean> {
    const timestamp = Math.floor(Date.now() / 1_000);
    const body = JSON.stringify({
      type: notice.type,
      timestamp: new Date().toISOString(),
      data: notice.charge,
    });
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': notice.id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': sign(secret, notice.id, timestamp, body),
        },
        body,
        signal: AbortSignal.any([stopping, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false;
    }
  }

  return (notice) => {
    deliver(notice).catch((error: unknown) => {
      if (!stopping.aborted) console.error(`acquirer: ${notice.id} could not be told`, error);
    });
  };
}

export function sign(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
