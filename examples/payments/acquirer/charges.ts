/** The acquirer's business: one charge per reference, whoever asks how often; authorised ones settle after a
 * moment; a reference that is cancelled before it was charged is never charged. So whatever comes first,
 * a charge or its cancellation, is what the reference is, and both askers are told the same. */
import { randomUUID } from 'node:crypto';
import { type Random, settlementDelayMs, verdictOn } from './behaviour.ts';
import { type Charge, type Ledger, noticeOf } from './ledger.ts';
import type { Tell } from './webhooks.ts';

export interface ChargeRequest {
  readonly reference: string;
  readonly merchant: string;
  readonly amount: { readonly currency: string; readonly minor: number };
  readonly card: { readonly number: string };
  readonly note?: string;
}

export interface Charges {
  /** The charge of this reference, made now if there is none. Undefined when it was asked for with another amount. */
  charge(request: ChargeRequest): Promise<Charge | undefined>;
  /** Gives the reference up, unless it was charged already. Answers what it is. */
  cancel(reference: string): Promise<Charge>;
  /** Goes on with what a restart interrupted. */
  resume(): void;
}

export interface ChargesOptions {
  readonly ledger: Ledger;
  readonly tell: Tell;
  readonly random: Random;
  readonly stopping: AbortSignal;
}

export function createCharges({ ledger, tell, random, stopping }: ChargesOptions): Charges {
  /** One change at a time per reference. */
  const busy = new Map<string, Promise<unknown>>();

  async function exclusively<T>(reference: string, work: () => Promise<T>): Promise<T> {
    const before = busy.get(reference);
    const mine = (before ?? Promise.resolve()).then(work, work);
    busy.set(reference, mine);
    try {
      return await mine;
    } finally {
      if (busy.get(reference) === mine) busy.delete(reference);
    }
  }

  async function record(charge: Charge): Promise<Charge> {
    await ledger.record(charge);
    const notice = noticeOf(charge);
    if (notice) tell(notice);
    return charge;
  }

  function settleSoon(reference: string): void {
    const settle = async (): Promise<void> => {
      const charge = ledger.find(reference);
      if (charge?.status === 'authorized' && !stopping.aborted)
        await record({ ...charge, status: 'settled' });
    };
    setTimeout(() => void exclusively(reference, settle), settlementDelayMs(random)).unref();
  }

  return {
    charge: (request) =>
      exclusively(request.reference, async () => {
        const { reference, amount, card } = request;
        const known = ledger.find(reference);
        if (known) return known.status === 'canceled' || sameAmount(known, amount) ? known : undefined;
        const charge = await record(newCharge(request, verdictOn(card.number)));
        if (charge.status === 'authorized') settleSoon(reference);
        return charge;
      }),
    cancel: (reference) =>
      exclusively(reference, async () => {
        const known = ledger.find(reference);
        return known ?? record(newCharge({ reference, ...NOTHING }, { status: 'canceled' }));
      }),
    resume() {
      for (const charge of ledger.charges) if (charge.status === 'authorized') settleSoon(charge.reference);
      for (const notice of ledger.undelivered) tell(notice);
    },
  };
}

const NOTHING = { merchant: '', amount: { currency: 'XXX', minor: 0 } };

function newCharge(
  { reference, merchant, amount, note }: Omit<ChargeRequest, 'card'>,
  verdict: Pick<Charge, 'status' | 'reason'>,
): Charge {
  return {
    id: `ch_${randomUUID().replaceAll('-', '')}`,
    reference,
    merchant,
    amount,
    ...verdict,
    ...(note !== undefined && { note }),
    createdAt: new Date().toISOString(),
  };
}

function sameAmount(charge: Charge, amount: Charge['amount']): boolean {
  return charge.amount.currency === amount.currency && charge.amount.minor === amount.minor;
}
