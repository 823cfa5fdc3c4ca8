/** A connection that speaks PostgreSQL's replication protocol, by which backups get the files and the log of a running
 * server: https://www.postgresql.org/docs/current/protocol-replication.html
 *
 * The driver knows ordinary statements only; a command that streams is given to it as a query of our own, which gets
 * each message as it arrives. Who reads slower than the server sends holds the server up: the socket is paused
 * while MAX_WAITING_BYTES wait. */
import { GoblinError } from '@goblin/core';
import type pg from 'pg';
import { driver } from '../database/driver.ts';
import { spelledOut } from './session.ts';

const MAX_WAITING_BYTES = 4_194_304;
const CONNECT_TIMEOUT_MS = 5_000;

export interface Replication extends AsyncDisposable {
  /** A command that answers with one row. */
  row(command: string): Promise<Record<string, string>>;
  /** A command that streams: what it sends, until it ends. Only one at a time. */
  stream(command: string): AsyncIterable<Buffer>;
  /** Says something to the server within a stream. */
  send(message: Buffer): void;
  /** Ends the connection, whatever it does. */
  destroy(): void;
}

/** What the driver's connection has beyond its types. */
interface WireConnection extends pg.Connection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  sendCopyFail(reason: string): void;
}

/** @param config of a role that may replicate. @param where for a person.
 * @throws DATABASE_UNAVAILABLE */
export async function openReplication(config: pg.ClientConfig, where: string): Promise<Replication> {
  const client = new (driver().Client)({
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...config,
    replication: 'true',
  } as pg.ClientConfig);
  client.on('error', () => {});
  const wire = client.connection as WireConnection;
  try {
    await client.connect();
  } catch (error) {
    throw spelledOut(error, where);
  }
  const destroy = (): void => void wire.stream.destroy();
  return {
    async row(command) {
      const { rows } = await client.query(command).catch((error) => {
        throw spelledOut(error, where);
      });
      return rows[0] ?? {};
    },
    stream: (command) => streamOf(client, command, where),
    send: (message) => wire.sendCopyFromChunk(message),
    destroy,
    async [Symbol.asyncDispose]() {
      destroy();
      await client.end().catch(() => {});
    },
  };
}

async function* streamOf(client: pg.Client, command: string, where: string): AsyncGenerator<Buffer> {
  const wire = client.connection as WireConnection;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => {};
  const end = (error?: Error): void => {
    ended = true;
    failure ??= error;
    wake();
  };
  const ignore = (): void => {};
  client.query({
    submit: (connection: WireConnection) => connection.query(command),
    handleRowDescription: ignore,
    handleDataRow: ignore,
    handleCommandComplete: ignore,
    handleEmptyQuery: ignore,
    handlePortalSuspended: ignore,
    handleCopyInResponse: (connection: WireConnection) => connection.sendCopyFail('nothing to send'),
    handleCopyData({ chunk }: { chunk: Buffer }) {
      // The driver uses its buffer again.
      waiting.push(Buffer.from(chunk));
      waitingBytes += chunk.length;
      if (waitingBytes > MAX_WAITING_BYTES) wire.stream.pause();
      wake();
    },
    handleReadyForQuery: () => end(),
    handleError: (error: Error) => end(error),
  } as unknown as pg.Submittable);
  client.once('end', () => end(new Error('the connection ended')));

  while (true) {
    const now = waiting;
    waiting = [];
    waitingBytes = 0;
    if (wire.stream.isPaused()) wire.stream.resume();
    yield* now;
    if (waiting.length > 0) continue;
    if (failure) throw failure instanceof GoblinError ? failure : spelledOut(failure, where);
    if (ended) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (waiting.length > 0 || ended) resolve();
    });
  }
}
