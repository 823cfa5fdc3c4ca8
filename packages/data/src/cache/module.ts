/** A cache as a module of a service: in this process, and in Redis or Valkey where REDIS_URL names one. */
import { type Module, type Schema, type SchemaOutput, secret } from '@goblin/core';
import { createCache } from './cache.ts';
import type { Cache, CacheOptions } from './cache-options.ts';

export type CacheModuleOptions<S extends Schema = Schema> = Omit<CacheOptions<S>, 'redis' | 'telemetry'>;

/** @example const rates = await app.use(cache<Rate>({ name: 'rates', ttl: '5m', stale: '1h' })); */
export function cache<S extends Schema>(
  options: CacheModuleOptions<S> & { readonly schema: S },
): Module<Cache<SchemaOutput<S>>>;
export function cache<Value>(options: CacheModuleOptions): Module<Cache<Value>>;
export function cache(options: CacheModuleOptions): Module<Cache<unknown>> {
  return {
    name: `cache ${options.name}`,
    start({ config, telemetry }) {
      const { REDIS_URL: redis } = config({
        REDIS_URL: secret({
          optional: true,
          description: 'URL of the Redis or Valkey that instances share their caches by',
        }),
      });
      return createCache<unknown>({ ...options, redis, telemetry });
    },
    stop: (running) => running.close(),
  };
}
