/** The kept connections to one peer. undici's own Pool can neither bound what waits in it nor let go of it, so this
 * keeps a stack of undici Clients (one connection each) and a queue of its own. The connection used last is used
 * next, so that few stay warm and the others close by themselves. A stream holds its connection for as long as
 * it lasts, so streams are counted apart and can never starve short calls. */
import { GoblinError } from '@goblin/core';
import { Client } from './undici-client.ts';

/** Calls in flight to one peer; more wait. Measured: from 8 to 64 the cost per call is the same. */
export const MAX_CALLS = 64;
/** Streams open to one peer. */
export const MAX_STREAMS = 256;
/** Calls that wait for a connection to one peer; more are refused. */
export const MAX_WAITING = 1_024;
const CONNECT_TIMEOUT_MS = 3_000;
const CLOSE_TIMEOUT_MS = 5_000;
const NEVER = 0;

/** Something that wants a connection. */
export interface Ticket {
  readonly stream: boolean;
  /** It has a connection now; it is given back by `release`. */
  run(client: Client): void;
}

export class PeerConnections {
  readonly #origin: string;
  readonly #idle: Client[] = [];
  readonly #clients = new Set<Client>();
  readonly #waiting = new Set<Ticket>();
  #whenIdle: (() => void) | undefined;
  #calls = 0;
  #streams = 0;

  constructor(address: { readonly host: string; readonly port: number }) {
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    this.#origin = `http://${host}:${address.port}`;
  }

  /** Whether something runs or waits here. */
  get busy(): boolean {
    return this.#calls + this.#streams + this.#waiting.size > 0;
  }

  get load(): { readonly running: number; readonly waiting: number; readonly streaming: number } {
    return { running: this.#calls, waiting: this.#waiting.size, streaming: this.#streams };
  }

  /** Runs the ticket at once, or when a connection is free. Answers with UNAVAILABLE, not started, when too many
   * run or wait already or when this was closed. */
  take(ticket: Ticket): GoblinError | undefined {
    if (this.#whenIdle) return notTaken(`connections to ${this.#origin} are closed`);
    if (ticket.stream) {
      if (this.#streams >= MAX_STREAMS) return notTaken(`${MAX_STREAMS} streams are open to ${this.#origin}`);
      this.#streams++;
    } else if (this.#calls >= MAX_CALLS) {
      if (this.#waiting.size >= MAX_WAITING) return notTaken(`${MAX_WAITING} calls wait for ${this.#origin}`);
      this.#waiting.add(ticket);
      return undefined;
    } else this.#calls++;
    ticket.run(this.#idle.pop() ?? this.#open());
    return undefined;
  }

  /** The ticket is not wanted any more; it must not have been run yet. */
  withdraw(ticket: Ticket): void {
    this.#waiting.delete(ticket);
  }

  /** Gives the connection back, to the ticket that has waited longest if any does. */
  release(ticket: Ticket, client: Client, state: 'usable' | 'broken'): void {
    if (state === 'broken') this.#discard(client);
    if (!ticket.stream) {
      for (const next of this.#waiting) {
        this.#waiting.delete(next);
        next.run(state === 'usable' ? client : this.#open());
        return;
      }
      this.#calls--;
    } else this.#streams--;
    if (state === 'usable') this.#keep(client);
    if (!this.busy) this.#whenIdle?.();
  }

  /** Takes nothing new, waits for what runs, and closes. What still runs after CLOSE_TIMEOUT_MS is cut off. */
  async close(): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
      if (!this.busy) resolve();
    });
    const cut = setTimeout(() => {
      for (const client of this.#clients) void client.destroy();
    }, CLOSE_TIMEOUT_MS);
    await idle;
    clearTimeout(cut);
    await Promise.all([...this.#clients].map((client) => client.close()));
  }

  #open(): Client {
    const client = new Client(this.#origin, {
      connect: { timeout: CONNECT_TIMEOUT_MS },
      allowH2: false,
      // The deadline of the call's context is the only one.
      headersTimeout: NEVER,
      bodyTimeout: NEVER,
    });
    this.#clients.add(client);
    return client;
  }

  #keep(client: Client): void {
    if (this.#idle.length < MAX_CALLS) this.#idle.push(client);
    else this.#discard(client);
  }

  #discard(client: Client): void {
    this.#clients.delete(client);
    void client.close();
  }
}

function notTaken(reason: string): GoblinError {
  return new GoblinError('UNAVAILABLE', { message: reason, data: { started: false } });
}
