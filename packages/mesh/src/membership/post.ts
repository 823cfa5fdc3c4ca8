/** Sends our datagrams: builds each with what is said and as much news as fits, seals it and counts it. */

import type { Clock, Counter } from '@goblin/core';
import type { ClusterKey } from '../discovery/finder.ts';
import type { Endpoint } from '../peer.ts';
import { DatagramWriter, type Question } from './datagram.ts';
import type { MembershipNetwork } from './network.ts';
import type { News } from './news.ts';
import type { NewsQueue } from './news-queue.ts';

export interface PostParts {
  readonly network: MembershipNetwork;
  readonly clusterKey: ClusterKey;
  readonly clock: Clock;
  readonly queue: NewsQueue;
  readonly sentBytes: Counter;
  /** How many there are, ourselves included. */
  members(): number;
}

export class Post {
  readonly #parts: PostParts;
  readonly #writer = new DatagramWriter();

  constructor(parts: PostParts) {
    this.#parts = parts;
  }

  /** @param first news that goes along whatever waits. */
  send(to: Endpoint, question: Question, first?: News): void {
    const { network, clusterKey, clock, queue, sentBytes } = this.#parts;
    const writer = this.#writer;
    writer.begin(question, clock.wall());
    if (first) writer.add(first);
    queue.fill(writer, this.#parts.members());
    const sealed = clusterKey.seal(writer.plain);
    sentBytes.add(sealed.length);
    network.send(to, sealed);
  }
}
