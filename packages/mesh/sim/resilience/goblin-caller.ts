/** Calls as a Goblin process does: the production dispatcher and balancer, with their defaults. Every call is
 * idempotent. */
import type { CallContext, Priority } from '@goblin/core';
import { createBalancer } from '../../src/balance/balancer.ts';
import {
  createDispatcher,
  type Dispatcher,
  type Outcome,
  type Target,
  type Work,
} from '../../src/dispatcher.ts';
import type { Peer } from '../../src/peer.ts';
import { type CallerParts, CONTRACT, SimCaller, valuesOf } from './sim-caller.ts';

const PROCEDURE = `/${CONTRACT}/do`;

export class GoblinCaller extends SimCaller {
  readonly #dispatcher: Dispatcher;
  readonly #target: Target = { name: CONTRACT, candidates: () => this.directory.answering(CONTRACT) };

  constructor(parts: CallerParts) {
    super(parts);
    const { clock, directory, telemetry } = this;
    const { random } = parts.world;
    const balancer = createBalancer({ clock, ...telemetry, random });
    this.#dispatcher = createDispatcher({ directory, balancer, clock, metrics: telemetry.metrics, random });
  }

  call(priority: Priority, deadline: number, done: (isAnswered: boolean) => void): void {
    const work: Work<void> = {
      idempotent: true,
      procedure: PROCEDURE,
      context: valuesOf(priority, deadline),
      at: undefined,
      attempt: (peer: Peer, values: CallContext, outcome: Outcome<void>) =>
        this.attempt(peer, values, outcome),
      succeeded: () => done(true),
      failed: () => done(false),
    };
    this.#dispatcher.begin(this.#target, work);
  }
}
