/** A connection to Redis or Valkey that never holds anybody up. It connects in the background and again whenever it is lost;
 * while it is not there commands fail at once. A server that hangs is found by a ping, and its connection cut. Caches of a
 * process with the same URL share one. */
import { GoblinError, type Logger, type Secret } from '@goblin/core';

const CONNECT_TIMEOUT_MS = 2_000;
const FIRST_RECONNECT_MS = 50;
const MAX_RECONNECT_MS = 2_000;
const PING_MS = 2_000;
/** Without a byte from the server for this long the connection is cut: it should have answered two pings. */
const SILENT_MS = 5_000;
/** Commands that wait for an answer; more fail at once. */
const MAX_WAITING = 1_000;

export type RedisReply = Buffer | number | null | readonly RedisReply[];

export interface RedisConnection {
  /** For a person: without the password. */
  readonly where: string;
  /** @throws what Redis answers, or that it is not there */
  send(...command: readonly (string | Buffer)[]): Promise<RedisReply>;
  /** `gap` is called whenever the connection is there again: messages may have been missed. Answers what ends it. */
  subscribe(channel: string, hear: (message: string) => void, gap: () => void): () => void;
  release(): Promise<void>;
}

interface Shared {
  readonly connection: RedisConnection;
  users: number;
}

const shared = new Map<string, Promise<Shared>>();

/** @throws CONFIG_INVALID when it is no URL of a Redis */
export async function redisConnection(url: Secret, log: Logger): Promise<RedisConnection> {
  const text = url.reveal();
  const where = describe(text);
  const opening = shared.get(text) ?? open(text, where, log).then((connection) => ({ connection, users: 0 }));
  shared.set(text, opening);
  const entry = await opening;
  entry.users++;
  return {
    ...entry.connection,
    async release() {
      if (--entry.users > 0) return;
      shared.delete(text);
      await entry.connection.release();
    },
  };
}

function describe(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    if (protocol === 'redis:' || protocol === 'rediss:') return `Redis at ${host}${pathname}`;
  } catch {}
  throw new GoblinError('CONFIG_INVALID', {
    message:
      'REDIS_URL is not the URL of a Redis: write redis://[user:password@]host[:port][/database], or rediss:// for TLS',
  });
}

async function open(url: string, where: string, log: Logger): Promise<RedisConnection> {
  // Loading it takes a tenth of a second, which those who use no Redis should not pay.
  const { createClient, RESP_TYPES } = await import('@redis/client');
  const subscribers = new Map<string, Set<{ hear(message: string): void; gap(): void }>>();
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_WAITING,
    pingInterval: PING_MS,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENT_MS,
      reconnectStrategy: (retries) =>
        Math.min(FIRST_RECONNECT_MS * 2 ** retries, MAX_RECONNECT_MS) * (0.5 + Math.random() / 2),
    },
  });
  let wasThere = true;
  client.on('error', (error) => {
    if (wasThere) log.warn({ err: error }, `${where} is away; caches go on without it`);
    wasThere = false;
  });
  client.on('ready', () => {
    if (!wasThere) log.info(`${where} is back`);
    wasThere = true;
    for (const listeners of subscribers.values()) for (const { gap } of listeners) gap();
  });
  const connecting = client.connect().catch(() => {});
  return {
    where,
    send: (...command) => client.sendCommand<RedisReply>([...command]),
    subscribe(channel, hear, gap) {
      const listener = { hear, gap };
      const listeners = subscribers.get(channel) ?? new Set();
      const isFirst = listeners.size === 0;
      subscribers.set(channel, listeners.add(listener));
      const pass = (message: string): void => {
        for (const { hear } of subscribers.get(channel) ?? []) hear(message);
      };
      if (isFirst) void connecting.then(() => client.subscribe(channel, pass)).then(gap, () => {});
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        subscribers.delete(channel);
        void client.unsubscribe(channel, pass).catch(() => {});
      };
    },
    async release() {
      client.destroy();
    },
  };
}
