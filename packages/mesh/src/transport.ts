/** Carries one call to one peer. Which peer, how often and whether at all is decided above it. */
import type { Call } from '@goblin/core';
import type { Peer } from './peer.ts';

export interface Transport {
  readonly name: string;
  /** The output, or an AsyncIterable of outputs for a streaming procedure. The context's deadline, trace and
   * baggage go along; when its cancellation fires, so does the other side's.
   * @throws GoblinError; CONNECTION_FAILED only when the answer was lost or never came, with
   * `data.started === false` when the peer surely never began the call. */
  call(peer: Peer, call: Call): Promise<unknown>;
  /** Finishes what runs and closes all connections. */
  close(): Promise<void>;
}
