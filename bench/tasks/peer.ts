/** What is measured of each queue. The same work for all: a task carries about 200 bytes of JSON, its handler does nothing but
 * say that it ran. Pools have ten connections, which is everybody's default. */

export interface Payload {
  /** Counts what its process has enqueued. */
  readonly id: number;
  /** When it was enqueued: milliseconds on the machine's monotonic clock. */
  readonly at: number;
  readonly note: string;
}

/** Where the servers are. */
export interface Place {
  /** The folder of our embedded PostgreSQL, for peers that join it as a service does. */
  readonly folder: string;
  /** The same server for those that connect by URL. */
  readonly url: string;
  /** Redis with `appendfsync always`; undefined when it is not installed. */
  readonly redisPort: number | undefined;
}

export interface Producer {
  /** One task, durable when it resolves. */
  enqueue(payload: Payload): Promise<void>;
  /** Many in one call, as the peer documents it; undefined: it has no such call. */
  enqueueMany?(payloads: readonly Payload[]): Promise<void>;
  /** Whether tasks are left that wait or are not finished yet. */
  unfinished(): Promise<boolean>;
  /** Forgets all tasks. No worker runs. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export interface Worker {
  /** Works until `stop`. @param ran is called by each handler. */
  start(ran: (payload: Payload) => void): Promise<void>;
  /** Waits for what is under way. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface Peer {
  producer(place: Place): Promise<Producer>;
  worker(place: Place): Promise<Worker>;
}

/** Tasks of one call of `enqueueMany`. */
export const BATCH = 1_000;

const NOTE = 'x'.repeat(160);
let lastId = 0;

export function payload(): Payload {
  return { id: ++lastId, at: nowMs(), note: NOTE };
}

export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
