/** Speaks with the acquirer. Every request carries the payment's id as its reference, under which the acquirer
 * charges once at most; so a request without an answer is simply sent again while the caller's deadline allows,
 * and a refused one MAX_REFUSALS times. What then is still without an answer is `unknown`: it may have been charged. */
import { context, fail, formatTraceparent, type Logger, type Secret, sleep } from 'goblin';
import { z } from 'zod';
import { Money } from '../../money/money.ts';
import type { Final, Outcome } from './contract.ts';

const TRY_TIMEOUT_MS = 2_500;
const MAX_REFUSALS = 3;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 1_000;
/** What is left of the caller's time for keeping and passing on the outcome. */
const MARGIN_MS = 750;

const Charge = z.object({
  id: z.string(),
  status: z.enum(['authorized', 'settled', 'declined', 'canceled']),
  reason: z.string().optional(),
  amount: z.unknown(),
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface AcquirerClient {
  charge(reference: string, amount: Money, cardNumber: string): Promise<Outcome>;
  /** What became of a charge; one that was not made by now will never be. @throws ACQUIRER_UNAVAILABLE */
  resolve(reference: string): Promise<Final>;
  /** The money that has arrived; undefined while none has. @throws ACQUIRER_UNAVAILABLE */
  settled(reference: string): Promise<Money | undefined>;
}

export interface AcquirerClientOptions {
  readonly url: string;
  readonly key: Secret;
  readonly log: Logger;
}

export function acquirerClient({ url, key, log }: AcquirerClientOptions): AcquirerClient {
  /** With a body a POST, without one a GET. */
  async function ask(path: string, body?: object): Promise<Answer | 'refused' | 'unanswered'> {
    try {
      const answer = await fetch(new URL(path, url), {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${key.reveal()}`, 'content-type': 'application/json' },
        body: body ? JSON.stringify(body) : null,
        signal: AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs())]),
      });
      const { status } = answer;
      const received = { status, body: await answer.json() };
      if (status < 500 && status !== 429) return received;
      log.warn({ path, status }, 'the acquirer refused to work');
      return 'refused';
    } catch (error) {
      log.warn({ path, err: error }, 'the acquirer did not answer');
      return 'unanswered';
    }
  }

  /** @throws ACQUIRER_UNAVAILABLE when there was no answer that says anything */
  async function answerOf(path: string, body?: object): Promise<Answer> {
    const answer = await askAgain(path, body);
    return answer ?? fail('ACQUIRER_UNAVAILABLE', undefined, 'the acquirer does not answer');
  }

  /** Undefined for want of an answer. */
  async function askAgain(path: string, body?: object): Promise<Answer | undefined> {
    let refusals = 0;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      const answer = await ask(path, body);
      if (typeof answer === 'object') return answer;
      if (answer === 'refused') refusals++;
      if (refusals === MAX_REFUSALS || timeoutMs() <= pauseMs) return undefined;
      await sleep(pauseMs * (0.5 + Math.random() / 2), context.signal);
    }
  }

  return {
    async charge(reference, amount, cardNumber) {
      const merchant = context.tenant ?? fail('TENANT_REQUIRED');
      // Told back with the settlement, which so goes on in the trace of the payment.
      const note = context.trace && formatTraceparent(context.trace);
      const body = { reference, merchant, amount, card: { number: cardNumber }, note };
      const answer = await askAgain('/v1/charges', body);
      return answer ? outcomeOf(answer) : { status: 'unknown' };
    },
    async resolve(reference) {
      return outcomeOf(await answerOf('/v1/cancellations', { reference }));
    },
    async settled(reference) {
      const answer = await answerOf(`/v1/charges?reference=${reference}`);
      if (answer.status === 404) return undefined;
      const { status, amount } = chargeIn(answer);
      return status === 'settled' ? Money.parse(amount) : undefined;
    },
  };
}

/** For one try: never more than the caller has left. */
function timeoutMs(): number {
  return Math.max(1, Math.floor(Math.min(TRY_TIMEOUT_MS, context.timeLeft() - MARGIN_MS)));
}

function chargeIn({ status, body }: Answer): z.infer<typeof Charge> {
  if (status >= 300) fail('INTERNAL', { status, body }, `the acquirer answered ${status}`);
  return Charge.parse(body);
}

function outcomeOf(answer: Answer): Final {
  const charge = chargeIn(answer);
  switch (charge.status) {
    case 'authorized':
    case 'settled':
      return { status: 'authorized', chargeId: charge.id };
    case 'declined':
      return { status: 'declined', reason: charge.reason ?? 'card_declined' };
    case 'canceled':
      return { status: 'failed', reason: 'acquirer_unreachable' };
  }
}
