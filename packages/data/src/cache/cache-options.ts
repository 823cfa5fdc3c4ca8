/** What a cache is given, and what it can do. cache.ts says how. */
import type { Clock, Duration, Schema, Secret, Size, Telemetry } from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';

/** Of a key and of a tag, in characters. */
export const MAX_CACHE_KEY = 512;
/** Of one value. */
export const MAX_CACHE_TAGS = 16;

export interface CacheOptions<S extends Schema = Schema> {
  /** Names it in metrics and in Redis. */
  readonly name: string;
  /** What a value has to fit; what it makes of JSON is what comes out. Default: JSON as it is. */
  readonly schema?: S;
  /** How old a value may be without anybody loading a new one. */
  readonly ttl: Duration;
  /** For how long after that it is served while a new one is loaded. Default: not at all. */
  readonly stale?: Duration;
  /** In this process. Default 16 MiB. */
  readonly maxBytes?: Size;
  /** In this process. Default 10,000. */
  readonly maxEntries?: number;
  /** Who shares values. Default `tenant`. */
  readonly per?: 'tenant' | 'all';
  /** URL of the Redis or Valkey to share with other instances: redis://[user:password@]host[:port][/database]. */
  readonly redis?: Secret | undefined;
  /** Without Redis: tells other instances what is invalidated. */
  readonly db?: Database;
  readonly telemetry: Telemetry;
  readonly clock?: Clock;
}

export interface EntryOptions {
  /** What it is invalidated by, besides its key. At most 16. */
  readonly tags?: readonly string[];
}

export interface Cache<Value> extends AsyncDisposable {
  /** The value of this key; where there is none that is good, what `load` gives. It runs with the longest deadline of those who
   * wait, and is cancelled when all have left.
   * @throws what `load` throws; INVALID_INPUT for a key that is none */
  get(key: string, load: () => Promise<Value> | Value, options?: EntryOptions): Promise<Value>;
  set(key: string, value: Value, options?: EntryOptions): Promise<void>;
  /** Forgets it everywhere; with a transaction, once that is committed. Never fails for want of Redis. */
  delete(key: string, tx?: Transaction): Promise<void>;
  /** Forgets all that has this tag, of the tenant of the context; with a transaction, once that is committed. */
  invalidate(tag: string, tx?: Transaction): Promise<void>;
  /** Forgets everything, of all tenants; with a transaction, once that is committed. */
  clear(tx?: Transaction): Promise<void>;
  close(): Promise<void>;
}
