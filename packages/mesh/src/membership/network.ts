/** What membership needs of a network: datagrams that may be lost, and now and then a request over TCP. Sockets in
 * a process (udp-network.ts), a model in the simulator. */
import type { Endpoint } from '../peer.ts';

export interface MembershipNetwork {
  /** Sends and forgets. */
  send(to: Endpoint, datagram: Uint8Array): void;
  /** Asks the peer that listens there for calls. Calls `done` once, within EXCHANGE_TIMEOUT_MS. */
  exchange(
    to: Endpoint,
    body: Uint8Array,
    done: (answer: Uint8Array | undefined, failure: ExchangeFailure | undefined) => void,
  ): void;
}

export interface ExchangeFailure {
  /** For the log. */
  readonly reason: string;
  /** Nobody listens there, and its machine said so. */
  readonly refused: boolean;
}

export const EXCHANGE_TIMEOUT_MS = 2_000;
