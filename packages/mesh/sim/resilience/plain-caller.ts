/** Calls as most programs do: one server after the other in turn, each attempt with a timeout, and three more attempts
 * when one fails, for whatever reason and at once. */
import { GoblinError, type Priority } from '@goblin/core';
import { CONTRACT, SimCaller, valuesOf } from './sim-caller.ts';

const MAX_ATTEMPTS = 4;

export class PlainCaller extends SimCaller {
  #next = 0;

  call(priority: Priority, deadline: number, done: (isAnswered: boolean) => void): void {
    const { world } = this;
    const timeoutMs = (deadline - world.now) / MAX_ATTEMPTS;
    let attempts = 0;
    const tryOnce = (): void => {
      const peers = this.directory.answering(CONTRACT);
      const peer = peers[this.#next++ % peers.length];
      if (attempts++ === MAX_ATTEMPTS || !peer) return done(false);
      const values = valuesOf(priority, world.now + timeoutMs);
      const timer = this.clock.after(timeoutMs, () => values.cancellation.cancel(timedOut()));
      this.attempt(peer, values, {
        succeeded() {
          timer.cancel();
          done(true);
        },
        failed() {
          timer.cancel();
          tryOnce();
        },
      });
    };
    tryOnce();
  }
}

function timedOut(): GoblinError {
  return new GoblinError('DEADLINE_EXCEEDED', { message: 'there was no answer in time' });
}
