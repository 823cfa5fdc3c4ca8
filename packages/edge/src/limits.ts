/** Everything the edge bounds, in one place. README.md lists what a client sees when a bound is reached. */

export interface EdgeLimits {
  /** Request line and headers together. Beyond it: 431. Default 16 KiB. */
  readonly maxHeaderBytes: number;
  /** Connections beyond it are closed as they come. Default 10,000. */
  readonly maxConnections: number;
  /** Requests of one route that run at once. Beyond it: 503. Default 2,000. */
  readonly maxActivePerRoute: number;
  /** Until the whole request head is there. Beyond it: 408. Default 10 s. */
  readonly headersTimeoutMs: number;
  /** Until the whole request is there, body too. Beyond it: 408. Default 5 min. */
  readonly requestTimeoutMs: number;
  /** A kept connection between two requests. Default 65 s: longer than the 60 s of common load balancers. */
  readonly keepAliveTimeoutMs: number;
  /** A client that takes nothing of an answer waiting for it is cut off. Default 60 s. */
  readonly stalledClientMs: number;
  /** Between two pieces of an answer's body from a peer. Default 5 min. */
  readonly upstreamIdleMs: number;
  /** A WebSocket without a byte in either direction is closed with 1001. Default 2 min. */
  readonly tunnelIdleMs: number;
  /** Request bodies up to this size are held, so that they can be sent again. Default 64 KiB. */
  readonly replayBytes: number;
  /** Connections to one instance. Requests beyond it queue. Default 256. */
  readonly connectionsPerPeer: number;
  /** Until a connection to an instance stands. Default 2 s. */
  readonly connectTimeoutMs: number;
}

export const DEFAULT_LIMITS: EdgeLimits = {
  maxHeaderBytes: 16_384,
  maxConnections: 10_000,
  maxActivePerRoute: 2_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 300_000,
  keepAliveTimeoutMs: 65_000,
  stalledClientMs: 60_000,
  upstreamIdleMs: 300_000,
  tunnelIdleMs: 120_000,
  replayBytes: 65_536,
  connectionsPerPeer: 256,
  connectTimeoutMs: 2_000,
};

export const DEFAULT_MAX_BODY_BYTES = 1_048_576;
export const DEFAULT_TIMEOUT_MS = 30_000;
