/** Keeps values that are expensive to get, in this process and, where there is one, in Redis or Valkey for all instances.
 * Within `ttl` a value is served as it is; for `stale` more it is served while a new one is loaded behind it. However
 * many ask, one of this process loads (single flight).
 *
 * Whose: keys and tags belong to the tenant of the context, so that nobody is served what was loaded for another.
 *
 * What was invalidated is not served any more: here at once, at other instances when they hear of it, a moment later. A value
 * whose loading was overtaken by an invalidation is handed to who waits for it and not kept.
 *
 * Redis never fails a caller: a command has REMOTE_MS, and after some that failed nobody tries for a second (breaker.ts). Without
 * it each instance loads for itself, and does not hear what others invalidate; once it is back what was kept is given up.
 *
 * Values are kept as JSON: what comes out is what JSON makes of it, the first time too. Undefined is not kept. */
import {
  BoundedStore,
  bytes as bytesOf,
  Cancellation,
  context,
  deadlines,
  GoblinError,
  milliseconds,
  parse,
  type Schema,
  type SchemaOutput,
  SingleFlight,
  systemClock,
} from '@goblin/core';
import type { Transaction } from '../database/transaction.ts';
import {
  type Cache,
  type CacheOptions,
  type EntryOptions,
  MAX_CACHE_KEY,
  MAX_CACHE_TAGS,
} from './cache-options.ts';
import { type CacheOutcome, cacheTelemetry } from './cache-telemetry.ts';
import type { Invalidation } from './invalidation-channel.ts';
import { InvalidationTimes, type Moment } from './invalidation-times.ts';
import { openOthers } from './others.ts';

const DEFAULT_MAX_BYTES = 16 * 1_048_576;
const DEFAULT_MAX_ENTRIES = 10_000;
const REFRESH_TIMEOUT_MS = 5_000;
/** After a refresh that failed the next one is made this much later. */
const REFRESH_PAUSE_MS = 1_000;
const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

interface Entry {
  readonly bytes: Buffer;
  /** When its loading began. */
  readonly at: number;
  readonly since: Moment;
  readonly tags: readonly string[];
  retryAt: number;
}

/** What is asked for. */
interface Wanted<Value> {
  readonly key: string;
  readonly tags: readonly string[];
  readonly load: () => Promise<Value> | Value;
}

/** What a flight brings home. */
interface Fetched {
  /** None where the value is undefined. */
  readonly bytes: Uint8Array | undefined;
  readonly outcome: CacheOutcome;
}

/** @example const rates = await createCache<Rate>({ name: 'rates', ttl: '5m', telemetry });
 *   const rate = await rates.get('FR', () => fetchRate('FR'));
 * @throws INVALID_INPUT for options that make no sense, CONFIG_INVALID for a URL that is none of a Redis */
export function createCache<S extends Schema>(
  options: CacheOptions<S> & { readonly schema: S },
): Promise<Cache<SchemaOutput<S>>>;
export function createCache<Value>(options: CacheOptions): Promise<Cache<Value>>;
export async function createCache(options: CacheOptions): Promise<Cache<unknown>> {
  const { name, schema, per = 'tenant', clock = systemClock, maxEntries = DEFAULT_MAX_ENTRIES } = options;
  if (!NAME.test(name)) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(name)} cannot name a cache: take lower-case letters, digits, _ and -, at most 63`,
    });
  }
  const ttlMs = milliseconds(options.ttl);
  const staleMs = milliseconds(options.stale ?? 0);
  const meter = cacheTelemetry(options.telemetry, name);
  const maxBytes = bytesOf(options.maxBytes ?? DEFAULT_MAX_BYTES);
  const local = new BoundedStore<Entry>({ maxBytes, maxEntries, changed: meter.changed });
  const times = new InvalidationTimes();
  const flights = new SingleFlight();
  const others = await openOthers(options, ttlMs + staleMs, meter, {
    invalidated,
    gap() {
      times.invalidateAll();
      local.clear();
    },
  });
  const { remote } = others;

  function invalidated({ key, tag }: Invalidation): void {
    if (key !== undefined) {
      local.delete(key);
      times.invalidate(keyTag(key));
    } else if (tag !== undefined) times.invalidate(tag);
    else {
      local.clear();
      times.invalidateAll();
    }
  }

  /** A key or a tag of whom it belongs to. */
  function scoped(what: string, text: string): string {
    if (text === '' || text.length > MAX_CACHE_KEY || !text.isWellFormed()) {
      throw new GoblinError('INVALID_INPUT', {
        message: `${what} of the cache ${name} has 1 to ${MAX_CACHE_KEY} characters: ${JSON.stringify(text.slice(0, 40))}`,
      });
    }
    const { tenant } = context;
    if (per === 'all') return `*/${text}`;
    return tenant === undefined ? `-/${text}` : `=${encodeURIComponent(tenant)}/${text}`;
  }

  function scopedTags(tags: readonly string[] = []): string[] {
    if (tags.length <= MAX_CACHE_TAGS) return tags.map((tag) => scoped('a tag', tag));
    throw new GoblinError('INVALID_INPUT', {
      message: `a value of the cache ${name} has ${tags.length} tags, and ${MAX_CACHE_TAGS} at most are allowed`,
    });
  }

  function encode(value: unknown): Buffer | undefined {
    try {
      const json = JSON.stringify(value) as string | undefined;
      return json === undefined ? undefined : Buffer.from(json);
    } catch (cause) {
      const message = `a value of the cache ${name} is not plain data: ${(cause as Error).message}`;
      throw new GoblinError('INTERNAL', { message, cause });
    }
  }

  async function decode(bytes: Uint8Array): Promise<unknown> {
    const value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    return schema ? parse(schema, value, 'INTERNAL', `a value of the cache ${name}`) : value;
  }

  function keep(key: string, bytes: Buffer, at: number, since: Moment, tags: readonly string[]): void {
    if (times.isCurrent(since, [keyTag(key), ...tags]))
      local.set(key, { bytes, at, since, tags, retryAt: 0 });
  }

  /** From Redis, or loaded. @param isRefresh whether one that is stale is good enough. */
  async function fetch({ key, tags, load }: Wanted<unknown>, isRefresh: boolean): Promise<Fetched> {
    const since = times.now();
    const read = await remote?.read(key, tags);
    const found = read?.value;
    if (found && found.ageMs < ttlMs + (isRefresh ? 0 : staleMs) && (await isSound(found.bytes))) {
      keep(key, found.bytes, clock.now() - found.ageMs, since, tags);
      return { bytes: found.bytes, outcome: 'remote' };
    }
    const at = clock.now();
    const bytes = encode(await load());
    if (!bytes) return { bytes, outcome: 'miss' };
    keep(key, bytes, at, since, tags);
    // Nobody waits for it.
    if (read) void remote!.replace(key, tags, bytes, read);
    return { bytes, outcome: 'miss' };
  }

  /** Another version of the service may have written it. */
  async function isSound(bytes: Buffer): Promise<boolean> {
    return decode(bytes).then(
      () => true,
      () => false,
    );
  }

  function refreshBehind(wanted: Wanted<unknown>, kept: Entry): void {
    if (flights.has(wanted.key) || clock.now() < kept.retryAt) return;
    const deadline = deadlines.clock.now() + REFRESH_TIMEOUT_MS;
    context
      .run({ cancellation: new Cancellation(), deadline }, () =>
        flights.join(wanted.key, () => fetch(wanted, true)),
      )
      .catch(() => {
        kept.retryAt = clock.now() + REFRESH_PAUSE_MS;
        meter.refreshFailures.add();
      });
  }

  /** What is kept here, fresh or stale. */
  function look(wanted: Wanted<unknown>): Entry | undefined {
    const kept = local.get(wanted.key);
    if (!kept || !times.isCurrent(kept.since, kept.tags)) return undefined;
    const overMs = clock.now() - kept.at - ttlMs;
    if (overMs >= staleMs && overMs >= 0) return undefined;
    meter.requests[overMs < 0 ? 'hit' : 'stale'].add();
    if (overMs >= 0) refreshBehind(wanted, kept);
    return kept;
  }

  /** Now, or with the commit of a transaction. */
  async function invalidate(invalidation: Invalidation, tx: Transaction | undefined): Promise<void> {
    if (tx) return tx.afterCommit(() => void invalidate(invalidation, undefined));
    invalidated(invalidation);
    await others.tell(invalidation);
    // What was read from Redis meanwhile may be what was.
    if (remote) invalidated(invalidation);
  }

  const close = async (): Promise<void> => {
    local.clear();
    await others.close();
  };
  return {
    async get(key, load, { tags }: EntryOptions = {}) {
      const wanted = { key: scoped('a key', key), tags: scopedTags(tags), load };
      const kept = look(wanted);
      if (kept) return decode(kept.bytes);
      const { bytes, outcome } = await flights.join(wanted.key, () => fetch(wanted, false));
      meter.requests[outcome].add();
      const now = outcome === 'remote' ? local.get(wanted.key) : undefined;
      if (now && clock.now() - now.at >= ttlMs) refreshBehind(wanted, now);
      return bytes && decode(bytes);
    },
    async set(key, value, { tags }: EntryOptions = {}) {
      const full = scoped('a key', key);
      const all = scopedTags(tags);
      const bytes = encode(value);
      if (!bytes) return invalidate({ key: full }, undefined);
      const mine = (): void => {
        // What is being loaded for this key is not kept.
        invalidated({ key: full });
        keep(full, bytes, clock.now(), times.now(), all);
      };
      mine();
      if (!remote) return others.tell({ key: full });
      await remote.set(full, all, bytes);
      mine();
    },
    delete: async (key, tx) => invalidate({ key: scoped('a key', key) }, tx),
    invalidate: async (tag, tx) => invalidate({ tag: scoped('a tag', tag) }, tx),
    clear: (tx) => invalidate({ all: true }, tx),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function keyTag(key: string): string {
  return `key ${key}`;
}
