/** The least that a call can cost in Node: length-prefixed JSON on one connection, requests told apart by a number, and
 * what is written within a turn of the event loop sent together. Nothing is checked, measured, traced, bounded or
 * given up here; everything that does so is measured against this. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type Answer, answer, type BenchClient, type BenchServer, type Quote } from '../peer.ts';

/** Length of what follows the length, then the number of the call. */
const HEAD_BYTES = 8;
const LENGTH_BYTES = 4;
const BUFFER_BYTES = 65_536;
const MAX_BYTES_PER_UNIT = 3;

/** Gathers frames and sends them at the end of the turn. The buffer is used again when the socket took all of it. */
class Corked {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #used = 0;
  #scheduled = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  frame(id: number, json: string): void {
    if (this.#used + HEAD_BYTES + json.length * MAX_BYTES_PER_UNIT > BUFFER_BYTES) this.#flush();
    const at = this.#used;
    const length = this.#buffer.write(json, at + HEAD_BYTES);
    writeUInt32(this.#buffer, at, length + HEAD_BYTES - LENGTH_BYTES);
    writeUInt32(this.#buffer, at + LENGTH_BYTES, id);
    this.#used = at + HEAD_BYTES + length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    if (this.#used === 0) return;
    this.#socket.write(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
    if (this.#socket.writableLength > 0) this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  };
}

/** Gives each frame as it is complete; only an incomplete one is copied. */
function onFrame(socket: Socket, take: (id: number, json: string) => void): void {
  let rest: Buffer | undefined;
  socket.on('data', (chunk) => {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (at + HEAD_BYTES <= bytes.length) {
      const end = at + LENGTH_BYTES + readUInt32(bytes, at);
      if (end > bytes.length) break;
      take(readUInt32(bytes, at + LENGTH_BYTES), bytes.toString('utf8', at + HEAD_BYTES, end));
      at = end;
    }
    rest = at < bytes.length ? bytes.subarray(at) : undefined;
  });
}

function writeUInt32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function readUInt32(bytes: Buffer, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export async function server(): Promise<BenchServer> {
  const sockets = new Set<Socket>();
  const listening = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    const out = new Corked(socket);
    onFrame(socket, (id, json) => {
      void handle(JSON.parse(json) as Quote).then((output) => out.frame(id, JSON.stringify(output)));
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return {
    address: String((listening.address() as AddressInfo).port),
    async close() {
      for (const socket of sockets) socket.destroy();
      listening.close();
    },
  };
}

/** A handler may wait for something, so every answer is waited for. */
async function handle(input: Quote): Promise<Answer> {
  return answer(input);
}

export async function client(address: string): Promise<BenchClient> {
  const socket = connect(Number(address), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.setNoDelay(true);
  const out = new Corked(socket);
  const waiting: (((answer: Answer) => void) | undefined)[] = [];
  const free: number[] = [];
  onFrame(socket, (id, json) => {
    const resolve = waiting[id]!;
    free.push(id);
    resolve(JSON.parse(json) as Answer);
  });
  return {
    call(input) {
      const id = free.pop() ?? waiting.length;
      return new Promise((resolve) => {
        waiting[id] = resolve;
        out.frame(id, JSON.stringify(input));
      });
    },
    async close() {
      socket.destroy();
    },
  };
}
