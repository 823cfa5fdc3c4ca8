/** The streams. Each site has one per type of event, and its forwarder alone writes into it: so the server can refuse what does not
 * follow on the last message (`Nats-Expected-Last-Sequence`), and no failure changes the order.
 *
 * A full stream takes nothing more (`discard: new`, and room.ts): its events wait in the database. It gives up messages only by age. */
import { bytes, type Duration, GoblinError, milliseconds, type Size } from '@goblin/core';
import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import type { MsgHdrs, NatsConnection } from '@nats-io/nats-core';
import type { NatsBus } from './connection.ts';

const DEFAULT_MAX_AGE = '7d';
/** What was received is remembered for 60 days, so nothing older may come again. */
const LONGEST_AGE_MS = milliseconds('30d');
const DEFAULT_MAX_BYTES = '1gb';
const DEDUP_MS = 120_000;
const REQUEST_TIMEOUT_MS = 4_000;
const NANOSECONDS = 1_000_000;
const STREAM_NOT_FOUND = 10_059;

/** How a stream is made. One that is there keeps the limits it has. */
export interface StreamLimits {
  /** How long a receiver may be away. Default 7 days, at most 30. */
  readonly maxAge?: Duration;
  /** Default 1 GiB. Take the rate times the size times the age. */
  readonly maxBytes?: Size;
  /** Copies in a cluster: 1, 3 or 5. Default 1. */
  readonly replicas?: 1 | 3 | 5;
}

export interface StreamName {
  readonly name: string;
  readonly subject: string;
}

export function streamOf(bus: NatsBus, site: string, type: string): StreamName {
  const name = [bus.prefix, site, type].map((part) => part.replaceAll('.', '_')).join('_');
  return { name, subject: `${bus.prefix}.${site}.${type}` };
}

export interface JetStream {
  readonly manager: JetStreamManager;
  readonly client: ReturnType<JetStreamManager['jetstream']>;
  /** New, empty headers. */
  headers(): MsgHdrs;
}

export async function jetStream(connection: NatsConnection, bus: NatsBus): Promise<JetStream> {
  const { jetstreamManager } = await import('@nats-io/jetstream');
  const { headers } = await import('@nats-io/nats-core');
  const { domain } = bus;
  const options = { timeout: REQUEST_TIMEOUT_MS, checkAPI: false, ...(domain !== undefined && { domain }) };
  const manager = await jetstreamManager(connection, options);
  return { manager, client: manager.jetstream(), headers };
}

/** The stream as it is; undefined when there is none. */
export async function findStream(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if ((error as { code?: unknown }).code === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}

/** The stream, made where it is missing. @throws FAILED_PRECONDITION when there is another one of its name */
export async function ensureStream(
  manager: JetStreamManager,
  { name, subject }: StreamName,
  limits: Required<StreamLimits>,
): Promise<StreamInfo> {
  const info =
    (await findStream(manager, name)) ?? (await manager.streams.add(configOf(name, subject, limits)));
  const wrong = faultsOf(info.config, subject);
  if (wrong.length === 0) return info;
  throw new GoblinError('FAILED_PRECONDITION', {
    message: `the stream ${name} would lose events: ${wrong.join(', ')}; edit it (nats stream edit ${name}), or remove it and it is made anew`,
  });
}

/** @throws INVALID_INPUT */
export function completeLimits(limits: StreamLimits): Required<StreamLimits> {
  const { maxAge = DEFAULT_MAX_AGE, maxBytes = DEFAULT_MAX_BYTES, replicas = 1 } = limits;
  const ageMs = milliseconds(maxAge);
  if (ageMs < DEDUP_MS || ageMs > LONGEST_AGE_MS) {
    throw new GoblinError('INVALID_INPUT', {
      message: `maxAge ${maxAge}: a stream keeps messages for 2 minutes to 30 days`,
    });
  }
  return { maxAge: ageMs, maxBytes: bytes(maxBytes), replicas };
}

function configOf(
  name: string,
  subject: string,
  limits: Required<StreamLimits>,
): Partial<StreamConfig> & { name: string } {
  return {
    name,
    subjects: [subject],
    retention: 'limits',
    storage: 'file',
    discard: 'new',
    max_age: milliseconds(limits.maxAge) * NANOSECONDS,
    max_bytes: bytes(limits.maxBytes),
    max_msgs: -1,
    max_msgs_per_subject: -1,
    num_replicas: limits.replicas,
    duplicate_window: DEDUP_MS * NANOSECONDS,
  };
}

function faultsOf(config: StreamConfig, subject: string): string[] {
  const wrong: string[] = [];
  if (config.subjects?.join() !== subject) wrong.push(`its subjects are ${config.subjects}, not ${subject}`);
  if (config.discard !== 'new') wrong.push('it discards old messages when it is full (discard must be new)');
  if (config.storage !== 'file') wrong.push('it keeps messages in memory (storage must be file)');
  if (config.retention !== 'limits') wrong.push(`its retention is ${config.retention}, not limits`);
  if (config.max_age === 0 || config.max_age / NANOSECONDS > LONGEST_AGE_MS)
    wrong.push('it keeps messages for more than 30 days (max age)');
  return wrong;
}
