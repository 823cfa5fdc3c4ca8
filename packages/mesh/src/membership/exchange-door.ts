/** The way that requests and answers over TCP go: stamped with the time and a number that joins an answer to its
 * request, sealed, and on the other side opened and checked. */
import type { Clock } from '@goblin/core';
import type { ClusterKey } from '../discovery/finder.ts';
import { MAX_EXCHANGE_BYTES } from '../discovery/peer-exchange.ts';
import { MAX_SKEW_MS } from '../discovery/replay-guard.ts';
import type { Endpoint } from '../peer.ts';
import { type ExchangeMessage, readExchange, type Stamped, writeExchange } from './exchange-message.ts';
import type { ExchangeFailure, MembershipNetwork } from './network.ts';

export interface ExchangeDoorParts {
  readonly network: MembershipNetwork;
  readonly clusterKey: ClusterKey;
  readonly clock: Clock;
  readonly random: () => number;
}

const NO_ANSWER: ExchangeFailure = { reason: 'its answer is not sealed with our key', refused: false };

export class ExchangeDoor {
  readonly #parts: ExchangeDoorParts;
  #closed = false;

  constructor(parts: ExchangeDoorParts) {
    this.#parts = parts;
  }

  /** Calls `done` once, with the answer or with why there is none. */
  ask(
    to: Endpoint,
    message: ExchangeMessage,
    done: (answer: ExchangeMessage | ExchangeFailure) => void,
  ): void {
    const { network, random } = this.#parts;
    const nonce = Math.floor(random() * 2 ** 32);
    network.exchange(to, this.#seal(message, nonce), (body, failure) => {
      const answer = body && !this.#closed ? this.#open(body) : undefined;
      done(answer?.nonce === nonce ? answer : (failure ?? NO_ANSWER));
    });
  }

  /** What `reply` makes of a request, sealed; undefined when it is no request of a member, or none to be answered. */
  answer(
    body: Uint8Array,
    reply: (asked: ExchangeMessage) => ExchangeMessage | undefined,
  ): Uint8Array | undefined {
    const asked = this.#open(body);
    const answer = asked && reply(asked);
    return answer && this.#seal(answer, asked.nonce);
  }

  /** From now on answers that come are none. */
  close(): void {
    this.#closed = true;
  }

  #seal(message: ExchangeMessage, nonce: number): Uint8Array {
    const { clusterKey, clock } = this.#parts;
    return clusterKey.seal(writeExchange({ ...message, sentAt: clock.wall(), nonce }));
  }

  #open(body: Uint8Array): Stamped<ExchangeMessage> | undefined {
    const { clusterKey, clock } = this.#parts;
    if (body.length > MAX_EXCHANGE_BYTES) return undefined;
    const plain = clusterKey.open(body);
    const message = plain && readExchange(plain);
    return message && Math.abs(clock.wall() - message.sentAt) <= MAX_SKEW_MS ? message : undefined;
  }
}
