/** What each measured framework implements: a server that answers one call, and a client that makes it. The two
 * run in processes of their own. */

export interface Quote {
  readonly country: string;
  readonly amount: { readonly currency: string; readonly minor: number };
  readonly reference: string;
  readonly note: string;
}

export interface Answer {
  readonly tax: { readonly currency: string; readonly minor: number };
  readonly rate: number;
  readonly reference: string;
  readonly note: string;
}

export interface BenchServer {
  /** How a client reaches it. */
  readonly address: string;
  close(): Promise<void>;
}

export interface BenchClient {
  call(input: Quote): Promise<Answer>;
  close(): Promise<void>;
}

export interface Peer {
  server(): Promise<BenchServer>;
  client(address: string): Promise<BenchClient>;
}

/** About 200 bytes of JSON. */
export const quote: Quote = {
  country: 'FR',
  amount: { currency: 'EUR', minor: 1999 },
  reference: 'order-2026-11-20-000042-7f3a9c',
  note: 'two books and a postcard, to be wrapped as a present; deliver to the neighbour',
};

/** The work behind the call, the same for everyone: about 200 bytes come back. */
export function answer(input: Quote): Answer {
  return {
    tax: { currency: input.amount.currency, minor: Math.round(input.amount.minor * 0.2) },
    rate: 0.2,
    reference: input.reference,
    note: input.note,
  };
}
