/** What a cache has in common with the caches of the same name in other processes: by Redis its values and what is
 * invalidated, by a database only what is invalidated, by neither nothing. */
import { randomUUID } from 'node:crypto';
import { Breaker } from './breaker.ts';
import type { CacheOptions } from './cache-options.ts';
import type { CacheTelemetry } from './cache-telemetry.ts';
import {
  databaseChannel,
  decodeInvalidation,
  type InvalidationChannel,
  type InvalidationListener,
} from './invalidation-channel.ts';
import { redisConnection } from './redis-connection.ts';
import { RemoteStore } from './remote-store.ts';

/** How long a caller waits for Redis. */
const REMOTE_MS = 50;

export interface Others extends InvalidationChannel {
  readonly remote: RemoteStore | undefined;
}

/** @param lifeMs how long a value is of use. @throws CONFIG_INVALID */
export async function openOthers(
  { name, redis: url, db, telemetry }: CacheOptions,
  lifeMs: number,
  meter: CacheTelemetry,
  listener: InvalidationListener,
): Promise<Others> {
  const instance = { name, id: randomUUID() };
  if (!url) {
    const channel = db && databaseChannel(db, instance, listener);
    return { remote: undefined, tell: async () => {}, close: async () => {}, ...channel };
  }
  const redis = await redisConnection(url, telemetry.log);
  const breaker = new Breaker(REMOTE_MS, (reason) => meter.remoteFailures[reason].add());
  const remote = new RemoteStore({ redis, breaker, instance, lifeMs: Math.max(1, Math.ceil(lifeMs)) });
  const unsubscribe = redis.subscribe(
    remote.channel,
    (text) => {
      const message = decodeInvalidation(text);
      // Nobody needs to hear its own words.
      if (message && message.from !== instance.id) listener.invalidated(message);
    },
    () => {
      listener.gap();
      void remote.catchUp();
    },
  );
  return {
    remote,
    tell: (invalidation) => remote.invalidate(invalidation),
    async close() {
      unsubscribe();
      await redis.release();
    },
  };
}
