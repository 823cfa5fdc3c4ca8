/** A connection to NATS that comes again whenever it is lost, after a growing pause with jitter. Each is a fresh one: nothing that was
 * written to the last is sent on the next, so that what publishes and what receives can find out where it stands first. */
import { readFile } from 'node:fs/promises';
import { GoblinError, type Secret, sleep, type Telemetry } from '@goblin/core';
import type { NatsConnection } from '@nats-io/nats-core';
import { connectedGauge } from './nats-telemetry.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const PING_MS = 5_000;
/** A server that leaves so many pings unanswered is taken for gone: 15 s at most. */
const MAX_UNANSWERED_PINGS = 2;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

/** A server, or a cluster, of NATS. */
export interface NatsBus {
  /** In metrics, and in the names of consumer groups. */
  readonly name: string;
  /** The site of this database, as others know it. */
  readonly site: string;
  /** What the subjects of this bus begin with. */
  readonly prefix: string;
  /** The JetStream domain of the streams; undefined: that of the server. */
  readonly domain: string | undefined;
  /** For a person: `NATS at hub.example:4222`. */
  readonly where: string;
  /** Why there is no connection now; undefined while there is one. */
  readonly problem: string | undefined;
  /** The connection, as soon as there is one. @throws the signal's reason when it is aborted first */
  connection(signal: AbortSignal): Promise<NatsConnection>;
  close(): Promise<void>;
}

export interface BusOptions {
  readonly name: string;
  readonly site: string;
  readonly prefix: string;
  readonly domain: string | undefined;
  readonly servers: readonly string[];
  /** A creds file, or an nkey seed. */
  readonly creds: Secret | undefined;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** A PEM file with the certificates of the authorities to trust. */
  readonly caFile: string | undefined;
  readonly telemetry: Telemetry;
}

export function openBus(options: BusOptions): NatsBus {
  const { name, site, prefix, domain, telemetry } = options;
  const where = `NATS at ${options.servers.map((server) => server.replace(/^\w+:\/\//, '')).join(', ')}`;
  const stopping = new AbortController();
  const waiting = new Set<(connection: NatsConnection) => void>();
  let current: NatsConnection | undefined;
  let problem: string | undefined = `${where} was not reached yet`;
  const connected = connectedGauge(telemetry, name);
  connected.set(0);

  function arrived(connection: NatsConnection): void {
    current = connection;
    problem = undefined;
    connected.set(1);
    for (const resolve of waiting) resolve(connection);
    waiting.clear();
  }

  function lost(error: unknown): void {
    const reason = error instanceof Error ? error.message : 'the connection was closed';
    if (problem === undefined || !problem.endsWith(reason)) {
      telemetry.log.warn({ err: error, bus: name }, `${where} is away; events wait in the database`);
    }
    current = undefined;
    problem = `${where} is away: ${reason}`;
    connected.set(0);
  }

  async function keepConnected(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      try {
        const connection = await dial(options);
        if (stopping.signal.aborted) return void (await connection.close());
        arrived(connection);
        telemetry.log.info({ bus: name, server: connection.getServer() }, `${where} is there`);
        pauseMs = FIRST_PAUSE_MS;
        const error = await connection.closed();
        if (!stopping.signal.aborted) lost(error);
      } catch (error) {
        lost(error);
      }
      await sleep(pauseMs * (0.5 + Math.random() / 2), stopping.signal).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
    }
  }

  const ended = keepConnected();
  return {
    name,
    site,
    prefix,
    domain,
    where,
    get problem() {
      return problem;
    },
    connection(signal) {
      if (current) return Promise.resolve(current);
      return new Promise((resolve, reject) => {
        const stop = (): void => {
          waiting.delete(done);
          reject(signal.reason);
        };
        const done = (connection: NatsConnection): void => {
          signal.removeEventListener('abort', stop);
          resolve(connection);
        };
        if (signal.aborted) return reject(signal.reason);
        signal.addEventListener('abort', stop, { once: true });
        waiting.add(done);
      });
    },
    async close() {
      stopping.abort();
      await current?.close();
      connected.set(0);
      await ended;
    },
  };
}

async function dial(options: BusOptions): Promise<NatsConnection> {
  // Loading it takes a tenth of a second, which those who use no NATS should not pay.
  const { connect, credsAuthenticator, nkeyAuthenticator } = await import('@nats-io/transport-node');
  const { creds, user, password, caFile } = options;
  const identity = creds && new TextEncoder().encode(creds.reveal().trim());
  const isSeed = creds?.reveal().trimStart().startsWith('SU') ?? false;
  return connect({
    servers: [...options.servers],
    name: `goblin ${options.site}`,
    reconnect: false,
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_MS,
    maxPingOut: MAX_UNANSWERED_PINGS,
    // So that a user can be kept from what is sent to others.
    inboxPrefix: inboxOf(options.site),
    ...(identity && { authenticator: isSeed ? nkeyAuthenticator(identity) : credsAuthenticator(identity) }),
    ...(user !== undefined && { user }),
    ...(password && { pass: password.reveal() }),
    ...(caFile !== undefined && { tls: { ca: await readCa(caFile) } }),
  });
}

/** Where answers to this site come: to be allowed for its user, and for nobody else. */
export function inboxOf(site: string): string {
  return `_INBOX.${site}`;
}

async function readCa(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new GoblinError('CONFIG_INVALID', { message: `${file} cannot be read`, cause: error });
  }
}
