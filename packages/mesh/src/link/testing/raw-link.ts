/** One end of a link that sends whatever a test wants, for what a well-behaved end would never do. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { until } from '../../testing/until.ts';
import { FrameReader } from '../frame-reader.ts';
import { HELLO, MIN_LENGTH, NO_CALL, PREFACE, readUint32, writeUint32 } from '../frames.ts';
import { DEFAULT_LIMITS, helloOf, type LinkLimits } from '../hello.ts';

export interface Frame {
  readonly type: number;
  readonly id: number;
  readonly body: Buffer;
}

export function frame(type: number, id: number, body: string | Uint8Array = ''): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(MIN_LENGTH + 4), Buffer.from(body)]);
  writeUint32(bytes, 0, bytes.length - 4);
  bytes[4] = type;
  writeUint32(bytes, 5, id);
  return bytes;
}

export function hello(limits: Partial<LinkLimits> = {}): Buffer {
  return frame(HELLO, NO_CALL, JSON.stringify(helloOf('raw', { ...DEFAULT_LIMITS, ...limits })));
}

/** The body of a call of method 0 or another one. */
export function callBody(payload: string, method = 0, flags = 0, context = ''): Buffer {
  return Buffer.concat([
    Buffer.from([method >>> 8, method, flags]),
    Buffer.from(context, 'hex'),
    Buffer.from(payload),
  ]);
}

export class RawLink implements Disposable {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  ended = false;

  constructor(socket: Socket, preface?: Buffer) {
    this.socket = socket.setNoDelay(true);
    const take = (bytes: Buffer, start: number, end: number): void => {
      const body = Buffer.from(bytes.subarray(start + MIN_LENGTH, end));
      this.frames.push({ type: bytes[start]!, id: readUint32(bytes, start + 1), body });
    };
    const reader = new FrameReader(64 * 1_048_576, take, preface);
    socket.on('data', (chunk) => reader.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ended = true;
    });
  }

  send(...frames: Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The first frame of this type, once it has come. */
  async receive(type: number): Promise<Frame> {
    const find = (): Frame | undefined => this.frames.find((one) => one.type === type);
    await until(() => find() !== undefined || this.ended, `a frame of type ${type} has come`);
    const found = find();
    if (!found) throw new Error(`the connection was closed without a frame of type ${type}`);
    return found;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** A caller at a port; it has said hello. */
export async function rawCaller(port: number, limits: Partial<LinkLimits> = {}): Promise<RawLink> {
  const link = new RawLink(connect(port, '127.0.0.1'));
  await once(link.socket, 'connect');
  link.send(PREFACE, hello(limits));
  await link.receive(HELLO);
  return link;
}

export interface RawAnswerer extends AsyncDisposable {
  readonly port: number;
  /** The first link that is made here. */
  readonly link: Promise<RawLink>;
}

/** Listens for one caller after the other, and says nothing by itself. */
export async function rawAnswerer(): Promise<RawAnswerer> {
  const first = Promise.withResolvers<RawLink>();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    first.resolve(new RawLink(socket, PREFACE));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    link: first.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
