/** A finder finds the first peers: by beacon, or by addresses that are listed, looked up in DNS or read from a file.
 * From there on membership keeps the truth. Finders can be combined. One that fails reports it and goes on trying;
 * it never stops the process. */
import type { Clock, Logger, Metrics } from '@goblin/core';
import type { Announcement, Endpoint } from '../peer.ts';
import type { Directory } from './directory.ts';

export interface FinderContext {
  readonly directory: Directory;
  /** What we say of ourselves now. */
  self(): Announcement;
  /** How many members membership vouches for, ourselves included; 1 where we are alone. */
  members(): number;
  /** Whether the peer that listens there for calls is a member already. */
  listensAt(address: Endpoint): boolean;
  /** Whether this instance is a member. */
  isMember(instance: string): boolean;
  /** Asks whoever listens there for all it knows, and tells it of us. Resolves with its name; rejects with why it did
   * not work. */
  contact(address: Endpoint): Promise<string>;
  /** Authenticates what goes over the wire between peers of one cluster. */
  readonly clusterKey: ClusterKey;
  /** Grows by one with each message we send, so that receivers tell new ones from repeated ones. */
  nextSequence(): number;
  readonly clock: Clock;
  /** From 0 up to 1, for jitter. */
  random(): number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface RunningFinder {
  /** Our announcement changed: tell the others now. */
  announce(): void;
  /** Says goodbye and closes. */
  stop(): Promise<void>;
}

export interface Finder {
  readonly name: string;
  /** Never rejects: what is wrong now may be right later. */
  start(context: FinderContext): Promise<RunningFinder>;
}

/** Seals and opens datagrams with the key that the peers of a cluster share. */
export interface ClusterKey {
  /** Tells clusters apart that share a network; not secret. */
  readonly cluster: string;
  seal(plain: Uint8Array): Uint8Array;
  /** Undefined when it was not sealed with our key: ignore it. */
  open(sealed: Uint8Array): Uint8Array | undefined;
}
