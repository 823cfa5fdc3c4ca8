/** A bounded set of connections, handed out one caller at a time. Callers beyond its size wait in a queue, first come
 * first served, until their deadline; the queue is bounded too.
 *
 * A connection is opened when one is needed and none is idle, and closed after IDLE_MS without use. Where the server
 * cannot be reached, opening is tried again for up to RECONNECT_MS, each time after `recover` had a chance to
 * bring the server back. */
import {
  type Cancellation,
  cancelledError,
  context,
  GoblinError,
  openScope,
  sleep,
  systemClock,
  untilCancelled,
} from '@goblin/core';
import { Connection, type Target } from './connection.ts';
import { databaseError, isConnectionError } from './errors.ts';

/** Callers that may wait for a connection. */
export const MAX_WAITING = 1_000;
const IDLE_MS = 30_000;
const RECONNECT_MS = 10_000;
const FIRST_BACKOFF_MS = 10;
const MAX_BACKOFF_MS = 500;
const CLOSE_TIMEOUT_MS = 5_000;

export interface PoolOptions {
  readonly target: Target;
  /** Connections at most. */
  readonly size: number;
  /** How long a caller may wait and a statement may take, where the context has no nearer deadline. */
  readonly timeoutMs: number;
  /** Brings the server back where that is in our hands. */
  readonly recover?: (() => Promise<void>) | undefined;
}

interface Waiter {
  readonly ready: () => void;
}

interface Idle {
  readonly connection: Connection;
  readonly since: number;
}

export class Pool {
  readonly options: PoolOptions;
  readonly #idle: Idle[] = [];
  readonly #waiting = new Set<Waiter>();
  readonly #sweeper = systemClock.every(IDLE_MS / 3, () => this.#sweep());
  readonly #out = new Set<Connection>();
  #used = 0;
  #closing: (() => void) | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.options = options;
  }

  get counts(): { readonly used: number; readonly idle: number; readonly waiting: number } {
    return { used: this.#used, idle: this.#idle.length, waiting: this.#waiting.size };
  }

  /** A connection for the caller alone, to be given back by `release`.
   * @throws DEADLINE_EXCEEDED, CANCELED, RESOURCE_EXHAUSTED when too many wait, DATABASE_UNAVAILABLE */
  async acquire(): Promise<Connection> {
    const scope = openScope(
      context.current,
      Math.min(context.deadline, systemClock.now() + this.options.timeoutMs),
    );
    try {
      await this.#slot(scope.values.cancellation);
      try {
        const connection = this.#takeIdle() ?? (await this.open(scope.values.cancellation));
        this.#out.add(connection);
        return connection;
      } catch (error) {
        this.#freeSlot();
        throw error;
      }
    } finally {
      scope.close();
    }
  }

  /** Takes a connection back; one that is broken or in the middle of something is dropped. */
  release(connection: Connection): void {
    this.#out.delete(connection);
    if (connection.reusable && !this.#closed) this.#idle.push({ connection, since: systemClock.now() });
    else if (connection.reusable) void connection.close();
    else {
      connection.destroy();
      // The server may be gone, and the others not know it yet.
      for (const other of this.#idle.splice(0)) void other.connection.close();
    }
    this.#freeSlot();
  }

  /** A connection that does not count: for listening, which occupies one for good. */
  async open(cancellation: Cancellation): Promise<Connection> {
    const { target, timeoutMs, recover } = this.options;
    const giveUpAt = systemClock.now() + RECONNECT_MS;
    for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)) {
      try {
        return await Connection.open(target, timeoutMs, cancellation);
      } catch (error) {
        if (cancellation.cancelled) throw cancelledError(cancellation.reason);
        const hopeless = !isConnectionError(error) || systemClock.now() > giveUpAt || this.#closed;
        if (hopeless) throw unreachable(error, target.where);
      }
      if (recover) await untilCancelled(cancellation, recover());
      await sleep(backoffMs * (0.5 + Math.random()), cancellation.signal);
    }
  }

  /** Hands out no more, waits for what is out up to CLOSE_TIMEOUT_MS, and closes; what is still out then breaks. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#sweeper.cancel();
    for (const waiter of this.#waiting) waiter.ready();
    if (this.#used > 0) {
      await new Promise<void>((resolve) => {
        this.#closing = resolve;
        setTimeout(resolve, CLOSE_TIMEOUT_MS).unref();
      });
    }
    for (const connection of this.#out) connection.destroy();
    await Promise.all(this.#idle.splice(0).map(({ connection }) => connection.close()));
  }

  #takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop()?.connection;
      if (!connection || connection.reusable) return connection;
    }
  }

  async #slot(cancellation: Cancellation): Promise<void> {
    if (this.#closed) throw closedError();
    if (this.#used < this.options.size) {
      this.#used++;
      return;
    }
    if (this.#waiting.size >= MAX_WAITING) {
      throw new GoblinError('RESOURCE_EXHAUSTED', {
        message: `all ${this.options.size} database connections are in use and ${MAX_WAITING} callers wait already`,
      });
    }
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        ready: () => {
          off();
          this.#waiting.delete(waiter);
          if (this.#closed) reject(closedError());
          else resolve();
        },
      };
      const off = cancellation.onCancel((reason) => {
        this.#waiting.delete(waiter);
        reject(this.#gaveUp(reason));
      });
      if (!cancellation.cancelled) this.#waiting.add(waiter);
    });
  }

  #gaveUp(reason: unknown): GoblinError {
    const error = cancelledError(reason);
    if (error.code !== 'DEADLINE_EXCEEDED') return error;
    return new GoblinError('DEADLINE_EXCEEDED', {
      message: `none of the ${this.options.size} database connections became free in time`,
      cause: error,
    });
  }

  /** The slot of the caller that is done goes to the first one waiting. */
  #freeSlot(): void {
    const [next] = this.#waiting;
    if (next && !this.#closed) {
      next.ready();
      return;
    }
    this.#used--;
    if (this.#used === 0) this.#closing?.();
  }

  #sweep(): void {
    const tooOld = systemClock.now() - IDLE_MS;
    while (this.#idle[0] && this.#idle[0].since < tooOld) void this.#idle.shift()!.connection.close();
  }
}

function unreachable(error: unknown, where: string): GoblinError {
  const coded = databaseError(error, where);
  if (coded.code === 'DATABASE_UNAVAILABLE') return coded;
  // The server is there but does not let us in: wrong password, no such database.
  return new GoblinError('DATABASE_UNAVAILABLE', {
    message: `${where} refuses the connection: ${(error as Error).message}`,
    cause: error,
  });
}

function closedError(): GoblinError {
  return new GoblinError('UNAVAILABLE', { message: 'the database is closed: this process is stopping' });
}
