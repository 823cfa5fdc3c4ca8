/** How the instances of a service tell each other what they have invalidated. A message may be lost while the connection is:
 * then everything counts as invalidated once it is back (`gap`). */
import { systemClock } from '@goblin/core';
import type { Database, Listener } from '../database/database.ts';
import { routine } from '../database/routine.ts';

/** One of the three. */
export interface Invalidation {
  readonly tag?: string;
  readonly key?: string;
  readonly all?: true;
}

export interface InvalidationListener {
  invalidated(invalidation: Invalidation): void;
  /** Messages may have been missed. */
  gap(): void;
}

/** Ways to the caches of the same name in other processes. */
export interface InvalidationChannel {
  /** Tells all of them, as well as it can: never rejects. */
  tell(invalidation: Invalidation): Promise<void>;
  close(): Promise<void>;
}

/** One cache of one process. */
export interface CacheInstance {
  /** Which it shares with those of other processes. */
  readonly name: string;
  /** Which no other one has. */
  readonly id: string;
}

export function encodeInvalidation({ name, id }: CacheInstance, invalidation: Invalidation): string {
  return JSON.stringify({ from: id, cache: name, ...invalidation });
}

/** Undefined for what is no message. */
export function decodeInvalidation(
  text: string,
): (Invalidation & { readonly cache: string; readonly from: string }) | undefined {
  try {
    const { from, cache, tag, key, all } = JSON.parse(text) as Record<string, unknown>;
    if (typeof from !== 'string' || typeof cache !== 'string') return undefined;
    if (typeof tag === 'string') return { from, cache, tag };
    if (typeof key === 'string') return { from, cache, key };
    return all === true ? { from, cache, all } : undefined;
  } catch {
    return undefined;
  }
}

const CHANNEL = 'goblin_cache';
const RECONNECT_MS = 1_000;

/** One connection listens for all caches of a database. */
interface Hub {
  /** Listeners by their instance, by the name of the cache. */
  readonly caches: Map<string, Map<string, InvalidationListener>>;
  listener: Promise<Listener> | undefined;
}

const hubs = new WeakMap<Database, Hub>();

/** By NOTIFY. */
export function databaseChannel(
  db: Database,
  instance: CacheInstance,
  listener: InvalidationListener,
): InvalidationChannel {
  const { name, id } = instance;
  const hub = hubs.get(db) ?? { caches: new Map(), listener: undefined };
  hubs.set(db, hub);
  const listeners = hub.caches.get(name) ?? new Map();
  hub.caches.set(name, listeners.set(id, listener));
  hear(db, hub);
  return {
    async tell(invalidation) {
      try {
        await routine(() =>
          db.query('select pg_notify($1, $2)', [CHANNEL, encodeInvalidation(instance, invalidation)]),
        );
      } catch (error) {
        db.telemetry.log.warn(
          { err: error, cache: name },
          `others were not told what ${name} has invalidated`,
        );
      }
    },
    async close() {
      listeners.delete(id);
      if (listeners.size === 0) hub.caches.delete(name);
      if (hub.caches.size > 0) return;
      hubs.delete(db);
      await (await hub.listener?.catch(() => undefined))?.close();
    },
  };
}

function hear(db: Database, hub: Hub): void {
  if (hub.listener) return;
  const hearNotification = (payload: string): void => {
    const message = decodeInvalidation(payload);
    if (!message) return;
    // Nobody needs to hear its own words.
    for (const [id, listener] of hub.caches.get(message.cache) ?? [])
      if (id !== message.from) listener.invalidated(message);
  };
  const again = (): void => {
    hub.listener = undefined;
    if (hub.caches.size > 0) systemClock.after(RECONNECT_MS, () => hub.caches.size > 0 && hear(db, hub));
  };
  hub.listener = routine(() => db.listen(CHANNEL, hearNotification, again));
  hub.listener.then(() => {
    for (const listeners of hub.caches.values()) for (const listener of listeners.values()) listener.gap();
  }, again);
}
