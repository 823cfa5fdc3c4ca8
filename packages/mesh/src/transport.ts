/** Carries one call to one peer. Which peer, how often and whether at all is decided above it. */
import type { Call } from '@goblin/core';
import type { Outcome } from './dispatcher.ts';
import type { Peer } from './peer.ts';

export interface Transport {
  readonly name: string;
  /** The output, or an AsyncIterable of outputs for a streaming procedure. Deadline, trace and baggage of the call's
   * context (`contextOf`) go along; when its cancellation fires, so does the other side's.
   * @throws GoblinError; CONNECTION_FAILED only when the answer was lost or never came, with
   * `data.started === false` when the peer surely never began the call. */
  call(peer: Peer, call: Call): Promise<unknown>;
  /** The same for a unary call that brings its context, told to `outcome` rather than promised: for ways so cheap that
   * a promise counts. */
  begin?(peer: Peer, call: Call, outcome: Outcome<unknown>): void;
  /** Tells of each connection that failed, though nobody may have waited for anything by it: its peer may have ended. */
  onLost?(listener: (peer: Peer, because: string) => void): void;
  /** Finishes what runs and closes all connections. */
  close(): Promise<void>;
}
