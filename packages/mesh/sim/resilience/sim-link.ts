/** One connection from a caller to a server, as the link keeps it: it opens with the first call, what is sent over it
 * arrives in order, and when it ends every call on it fails with CONNECTION_FAILED; those that were never sent say so.
 * An ended process refuses connections and closes those that it had; a cut network swallows everything, and a link
 * that waits for an answer notices after SILENCE_MS. */
import {
  type CancelListener,
  Cancellation,
  type ContextValues,
  cancelledError,
  GoblinError,
} from '@goblin/core';
import type { Outcome } from '../../src/dispatcher.ts';
import type { Recorder } from './recorder.ts';
import type { ServedCall, SimServer } from './sim-server.ts';
import type { World } from './world.ts';

/** As DEAD_TICKS and HANDSHAKE_TICKS of the link. */
const SILENCE_MS = 5_000;
const HANDSHAKE_MS = 4_000;
/** TCP asks for a connection again after so long, then twice as long, … */
const CONNECT_AGAIN_MS = 1_000;
/** TCP sends again what got lost in a cut within so long of its end. */
const MAX_RESEND_MS = 1_000;

/** What all links of a caller share. */
export interface LinkParts {
  readonly world: World;
  readonly recorder: Recorder;
  /** Whether the network between callers and servers is cut. */
  isCut(): boolean;
  /** Told of a link that failed. */
  onLost(server: SimServer): void;
}

export class SimLink {
  readonly #parts: LinkParts;
  readonly #server: SimServer;
  readonly #calls = new Set<WireCall>();
  #state: 'closed' | 'opening' | 'open' = 'closed';
  /** Of each way, when the last of what is under way arrives. */
  #requestsArriveAt = 0;
  #answersArriveAt = 0;
  /** Sent during a cut. */
  #held: (() => void)[] = [];
  readonly #serverEnded = (): void => {
    this.#parts.world.after(this.#parts.world.latencyMs(), () => this.#fail('the connection was closed'));
  };

  constructor(parts: LinkParts, server: SimServer) {
    this.#parts = parts;
    this.#server = server;
  }

  /** Sends a call. What comes of it comes once. */
  call(values: ContextValues, outcome: Outcome<void>): void {
    const call = new WireCall(this, values, outcome);
    this.#calls.add(call);
    values.cancellation.listen(call);
    if (this.#state === 'open') this.#send(call);
    else if (this.#state === 'closed') this.#open();
  }

  /** Nobody waits for the answer. */
  cancel(call: WireCall): void {
    this.#calls.delete(call);
    if (call.isSent && this.#state === 'open')
      this.#request(() => call.served.cancellation.cancel(new GoblinError('CANCELED')));
  }

  /** What the server says of a call, on its way back. */
  answer(call: WireCall, error: GoblinError | undefined, workedMs: number): void {
    const { world, recorder } = this.#parts;
    this.#answersArriveAt = this.#arrival(this.#answersArriveAt, () => {
      if (!this.#calls.delete(call)) return;
      recorder.used(world.now, workedMs);
      call.answered(error, world.now);
    });
  }

  /** The network was cut: when it still is after SILENCE_MS, whoever waits for an answer gives the link up. */
  cut(): void {
    this.#parts.world.after(SILENCE_MS, () => {
      if (this.#parts.isCut() && this.#state === 'open') this.#fail('no sign of life');
    });
  }

  /** The network is whole again. */
  heal(): void {
    const { world } = this.#parts;
    const held = this.#held;
    this.#held = [];
    world.after(world.between(0, MAX_RESEND_MS), () => {
      for (const deliver of held) deliver();
    });
  }

  #open(): void {
    const { world } = this.#parts;
    this.#state = 'opening';
    let attempt = 0;
    const beganAt = world.now;
    const knock = (): void => {
      if (this.#state !== 'opening') return;
      if (world.now - beganAt >= HANDSHAKE_MS) return this.#fail('no hello');
      if (this.#parts.isCut()) return world.after(CONNECT_AGAIN_MS * 2 ** attempt++, knock);
      world.after(world.latencyMs(), () => {
        if (!this.#server.isAlive)
          return world.after(world.latencyMs(), () => this.#fail('connection refused'));
        this.#server.connect(() => world.after(world.latencyMs(), () => this.#opened()));
      });
    };
    knock();
  }

  #opened(): void {
    if (this.#state !== 'opening') return;
    if (!this.#server.isAlive) return this.#fail('the connection was closed');
    this.#state = 'open';
    this.#server.onEnd.add(this.#serverEnded);
    for (const call of this.#calls) this.#send(call);
  }

  #send(call: WireCall): void {
    call.isSent = true;
    this.#request(() => this.#server.receive(call.served));
  }

  #request(deliver: () => void): void {
    this.#requestsArriveAt = this.#arrival(this.#requestsArriveAt, deliver);
  }

  #arrival(notBefore: number, deliver: () => void): number {
    const { world } = this.#parts;
    if (this.#parts.isCut()) {
      this.#held.push(deliver);
      return notBefore;
    }
    const at = Math.max(notBefore, world.now + world.latencyMs());
    world.at(at, deliver);
    return at;
  }

  #fail(because: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#held = [];
    this.#server.onEnd.delete(this.#serverEnded);
    const calls = [...this.#calls];
    this.#calls.clear();
    this.#parts.onLost(this.#server);
    const lost = new GoblinError('CANCELED', { message: 'the caller went away' });
    for (const call of calls) {
      if (call.isSent) call.served.cancellation.cancel(lost);
      call.fail(
        new GoblinError('CONNECTION_FAILED', {
          message: because,
          ...(!call.isSent && { data: { started: false } }),
        }),
      );
    }
  }
}

/** A call on its way. */
class WireCall implements CancelListener {
  readonly served: ServedCall;
  isSent = false;
  readonly #link: SimLink;
  /** Undefined once it is over: servers without bounds keep millions of calls that nobody waits for any more. */
  #waiting: { readonly values: ContextValues; readonly outcome: Outcome<void> } | undefined;

  constructor(link: SimLink, values: ContextValues, outcome: Outcome<void>) {
    this.#link = link;
    this.#waiting = { values, outcome };
    this.served = {
      priority: values.priority,
      deadline: values.deadline,
      cancellation: new Cancellation(),
      answer: (error, workedMs) => link.answer(this, error, workedMs),
    };
  }

  cancelled(reason: unknown): void {
    this.#link.cancel(this);
    this.#end()?.failed(cancelledError(reason));
  }

  answered(error: GoblinError | undefined, at: number): void {
    const outcome = this.#end();
    if (error) outcome?.failed(error);
    else outcome?.succeeded(undefined, at);
  }

  fail(error: GoblinError): void {
    this.#end()?.failed(error);
  }

  #end(): Outcome<void> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.values.cancellation.unlisten(this);
    return waiting?.outcome;
  }
}
