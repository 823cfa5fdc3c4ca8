/** Values in Redis or Valkey, shared by all instances.
 *
 * What was invalidated must not come back, also not by an instance that began to load before and writes after. So
 * - each tag has a version, a random word; a value holds the versions of its tags from before its loading began, and counts only while
 *   they are the same. A version that Redis has lost makes its values count no longer, which is safe;
 * - each value begins with a random token. A value is written only in the place of the token that was seen before its loading began,
 *   and deleting writes a new token without a value, for as long as a load may take.
 * Age is what Redis says is left of the value's life, so clocks need not agree. What could not be invalidated while Redis was away is
 * invalidated before it is asked again.
 *
 * Form: token (16 bytes), a JSON array of versions, a line break, the value. */
import { randomBytes } from 'node:crypto';
import type { Breaker } from './breaker.ts';
import { type CacheInstance, encodeInvalidation, type Invalidation } from './invalidation-channel.ts';
import type { RedisConnection, RedisReply } from './redis-connection.ts';

/** Larger values stay in the process that loaded them. */
const MAX_REMOTE_BYTES = 1_048_576;
const TOKEN_BYTES = 16;
const VERSION_BYTES = 9;
/** Invalidations that could not be told yet, at most; when there are more, everything is invalidated. */
const MAX_UNSENT = 1_000;
/** How long after a deletion a load that began before may come to its end and is refused. */
const DELETED_MS = 60_000;
const LINE_BREAK = 0x0a;
/** The tag of everything. */
const ALL = '';

const REPLACE = `
if redis.call('GETRANGE', KEYS[1], 0, ${TOKEN_BYTES - 1}) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

export interface RemoteValue {
  readonly bytes: Buffer;
  readonly ageMs: number;
}

/** What was there when it was read. */
export interface RemoteRead {
  readonly value: RemoteValue | undefined;
  readonly token: Buffer;
  readonly versions: readonly string[];
}

export interface RemoteStoreOptions {
  readonly redis: RedisConnection;
  readonly breaker: Breaker;
  readonly instance: CacheInstance;
  /** How long a value is of use. */
  readonly lifeMs: number;
}

export class RemoteStore {
  readonly #options: RemoteStoreOptions;
  readonly #prefix: string;
  readonly #unsent = new Map<string, Invalidation>();
  readonly channel: string;

  constructor(options: RemoteStoreOptions) {
    this.#options = options;
    // In a cluster all keys of a cache are in one slot.
    this.#prefix = `goblin:{cache:${options.instance.name}}:`;
    this.channel = `goblin:cache:${options.instance.name}`;
  }

  /** Undefined where Redis did not answer in time. */
  read(key: string, tags: readonly string[]): Promise<RemoteRead | undefined> {
    const valueKey = this.#valueKey(key);
    const versionKeys = this.#versionKeys(tags);
    return this.#try(async (send) => {
      const [found, leftMs] = await Promise.all([
        send('MGET', valueKey, ...versionKeys),
        send('PTTL', valueKey),
      ]);
      const [stored = null, ...known] = found as readonly (Buffer | null)[];
      const versions = await this.#ensure(send, versionKeys, known);
      const value = stored && goodValue(stored, versions);
      const ageMs = Math.max(0, this.#options.lifeMs - Number(leftMs));
      return {
        versions,
        token: stored?.subarray(0, TOKEN_BYTES) ?? Buffer.alloc(0),
        value: value ? { bytes: value, ageMs } : undefined,
      };
    });
  }

  /** Writes what was loaded, unless it was overtaken. */
  async replace(key: string, tags: readonly string[], bytes: Buffer, read: RemoteRead): Promise<void> {
    if (bytes.length > MAX_REMOTE_BYTES) return;
    const stored = storedOf(bytes, read.versions);
    const life = String(this.#options.lifeMs);
    await this.#try((send) =>
      Promise.all([
        send('EVAL', REPLACE, '1', this.#valueKey(key), read.token, stored, life),
        ...this.#versionKeys(tags).map((versionKey) => send('PEXPIRE', versionKey, life)),
      ]),
    );
  }

  /** Writes a value whatever was there, and tells the others. */
  async set(key: string, tags: readonly string[], bytes: Buffer): Promise<void> {
    const life = String(this.#options.lifeMs);
    const versionKeys = this.#versionKeys(tags);
    const isSet = await this.#try(async (send) => {
      const known = (await send('MGET', ...versionKeys)) as readonly (Buffer | null)[];
      const versions = await this.#ensure(send, versionKeys, known);
      const stored = bytes.length > MAX_REMOTE_BYTES ? newToken() : storedOf(bytes, versions);
      await Promise.all([
        send('SET', this.#valueKey(key), stored, 'PX', life),
        ...versionKeys.map((versionKey) => send('PEXPIRE', versionKey, life)),
        this.#publish(send, { key }),
      ]);
      return true;
    });
    if (!isSet) this.#remember({ key });
  }

  /** Invalidates and tells the others, in this order: who has heard of it does not find what was. */
  async invalidate(invalidation: Invalidation): Promise<void> {
    this.#remember(invalidation);
    await this.#try(async () => {});
  }

  /** Tells what could not be told. */
  async catchUp(): Promise<void> {
    this.#options.breaker.reset();
    if (this.#unsent.size > 0) await this.#try(async () => {});
  }

  #remember(invalidation: Invalidation): void {
    if (this.#unsent.size >= MAX_UNSENT) {
      this.#unsent.clear();
      invalidation = { all: true };
    }
    this.#unsent.set(JSON.stringify(invalidation), invalidation);
  }

  /** Undefined where it did not come to its end in time. */
  #try<T>(work: (send: RedisConnection['send']) => Promise<T>): Promise<T | undefined> {
    const { breaker, redis } = this.#options;
    return breaker.try(async () => {
      const telling = [...this.#unsent].map(async ([id, invalidation]) => {
        await this.#tell(redis.send, invalidation);
        if (this.#unsent.get(id) === invalidation) this.#unsent.delete(id);
      });
      const [answer] = await Promise.all([work(redis.send), ...telling]);
      return answer;
    });
  }

  async #tell(send: RedisConnection['send'], invalidation: Invalidation): Promise<void> {
    const { key, tag = ALL } = invalidation;
    const life = String(this.#options.lifeMs);
    await Promise.all([
      key === undefined
        ? send('SET', this.#versionKey(tag), newVersion(), 'PX', life)
        : send('SET', this.#valueKey(key), newToken(), 'PX', String(DELETED_MS)),
      this.#publish(send, invalidation),
    ]);
  }

  #publish(send: RedisConnection['send'], invalidation: Invalidation): Promise<RedisReply> {
    return send('PUBLISH', this.channel, encodeInvalidation(this.#options.instance, invalidation));
  }

  /** Versions of all, made where there is none. */
  async #ensure(
    send: RedisConnection['send'],
    keys: readonly string[],
    known: readonly (Buffer | null)[],
  ): Promise<string[]> {
    if (known.every((version) => version !== null)) return known.map(String);
    const life = String(this.#options.lifeMs);
    const made: Promise<RedisReply>[] = keys
      .filter((_, index) => known[index] === null)
      .map((key) => send('SET', key, newVersion(), 'NX', 'PX', life));
    const [versions] = await Promise.all([send('MGET', ...keys), ...made]);
    return (versions as readonly (Buffer | null)[]).map(String);
  }

  #valueKey(key: string): string {
    return `${this.#prefix}value:${key}`;
  }

  #versionKey(tag: string): string {
    return `${this.#prefix}version:${tag}`;
  }

  #versionKeys(tags: readonly string[]): string[] {
    return [ALL, ...tags].map((tag) => this.#versionKey(tag));
  }
}

function newToken(): Buffer {
  return randomBytes(TOKEN_BYTES);
}

function newVersion(): string {
  return randomBytes(VERSION_BYTES).toString('base64url');
}

function storedOf(bytes: Buffer, versions: readonly string[]): Buffer {
  return Buffer.concat([newToken(), Buffer.from(`${JSON.stringify(versions)}\n`), bytes]);
}

/** Undefined where there is only a token, or its versions are others. */
function goodValue(stored: Buffer, versions: readonly string[]): Buffer | undefined {
  const head = `${JSON.stringify(versions)}\n`;
  const end = stored.indexOf(LINE_BREAK, TOKEN_BYTES) + 1;
  if (end === 0 || stored.toString('utf8', TOKEN_BYTES, end) !== head) return undefined;
  return stored.subarray(end);
}
