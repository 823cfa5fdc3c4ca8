/** A ZRE peer that does what no proper peer would, made of plain sockets and our own codecs. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { until } from '../../testing/until.ts';
import { encodeGreeting, encodeMessage, encodeReady, ZmtpReader } from '../zmtp-codec.ts';
import { decodeZre, encodeZre, type Hello, type ZreMessage } from '../zre-codec.ts';

const LIMITS = { maxFrames: 64, maxMessageBytes: 16 * 1_048_576 };

export interface RawZrePeer extends AsyncDisposable {
  readonly uuid: string;
  readonly port: number;
  /** What the node said to us, HELLO first. */
  readonly received: ZreMessage[];
  /** Connections that the node has open to us. */
  readonly accepted: Set<Socket>;
  /** Stops reading what the node says. */
  stopReading(): void;
  /** Opens a connection to the node that has sent nothing yet. */
  open(from?: string): Promise<Socket>;
  /** Opens one and introduces itself. */
  meet(changes?: Partial<Hello>, from?: string): Promise<Socket>;
}

export function message(message: ZreMessage, sequence: number): Buffer {
  return encodeMessage(encodeZre(message, sequence));
}

export function introduction(uuid: string): Buffer {
  return Buffer.concat([encodeGreeting(), encodeReady('DEALER', Buffer.from(`01${uuid}`, 'hex'))]);
}

export function hello(uuid: string, port: number, changes: Partial<Hello> = {}): Hello {
  const headers = new Map([
    ['group', 'SLEUTH-v1'],
    ['node', uuid],
    ['type', 'raw'],
  ]);
  const endpoint = `tcp://127.0.0.1:${port}`;
  return { kind: 'hello', endpoint, groups: ['SLEUTH-v1'], status: 1, name: uuid, headers, ...changes };
}

/** @param to the port of the node */
export async function rawZrePeer(to: number, uuid: string): Promise<RawZrePeer> {
  const received: ZreMessage[] = [];
  const accepted = new Set<Socket>();
  const opened = new Set<Socket>();
  let isReading = true;
  const server = createServer((socket) => {
    accepted.add(socket);
    socket.on('close', () => accepted.delete(socket));
    socket.on('error', () => {});
    socket.write(encodeGreeting());
    socket.write(encodeReady('ROUTER', Buffer.alloc(0)));
    const reader = new ZmtpReader(LIMITS);
    socket.on('data', (chunk) => {
      if (!isReading) return socket.pause();
      reader.push(chunk);
      for (let event = reader.next(); event; event = reader.next()) {
        const heard = event.kind === 'message' && decodeZre(event.frames).message;
        if (heard) received.push(heard);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };

  async function open(from = '127.0.0.1'): Promise<Socket> {
    const socket = connect({ port: to, host: '127.0.0.1', localAddress: from });
    socket.on('error', () => {});
    socket.resume();
    opened.add(socket);
    await once(socket, 'connect');
    return socket;
  }

  return {
    uuid,
    port,
    received,
    accepted,
    stopReading() {
      isReading = false;
      for (const socket of accepted) socket.pause();
    },
    open,
    async meet(changes, from) {
      const socket = await open(from);
      socket.write(introduction(uuid));
      socket.write(message(hello(uuid, port, changes), 1));
      return socket;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...opened, ...accepted]) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function untilClosed(socket: Socket): Promise<void> {
  await until(() => socket.closed, 'the node closes the connection');
}
