/** A Sleuth peer made of libzmq's own sockets and of bytes written by hand, after what gyre, zyre and pyre send: it shares
 * no code with ours. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { Dealer, Router } from 'zeromq';

/** libzmq takes identities as text here, so all bytes of the uuid are letters. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef';
let made = 0;

export interface ZeromqPeer extends AsyncDisposable {
  /** 32 upper-case hex digits. */
  readonly uuid: string;
  readonly port: number;
  /** Connects to a node and says HELLO. */
  meet(port: number): Promise<void>;
  /** A message after HELLO: its kind and what stands behind the sequence. */
  send(kind: number, rest?: Buffer, ...frames: Buffer[]): Promise<void>;
  whisper(content: Buffer): Promise<void>;
  /** Who sent it (hex), its first frame and what follows. */
  receive(): Promise<{ readonly from: string; readonly frames: readonly Buffer[] }>;
}

/** @param headers such as `{ type: 'tax' }`; none for a pure client */
export async function zeromqPeer(headers: Readonly<Record<string, string>> = {}): Promise<ZeromqPeer> {
  const at = made++ % 16;
  const id = ALPHABET.slice(at, at + 16);
  const uuid = Buffer.from(id).toString('hex').toUpperCase();
  const inbox = new Router({ linger: 0, receiveTimeout: 5_000 });
  const outbox = new Dealer({ linger: 0, routingId: `\x01${id}` });
  await inbox.bind('tcp://127.0.0.1:*');
  const port = Number(inbox.lastEndpoint!.split(':').at(-1));
  let sequence = 0;
  const send = async (kind: number, rest: Buffer = Buffer.alloc(0), ...frames: Buffer[]): Promise<void> => {
    sequence += 1;
    const head = Buffer.from([0xaa, 0xa1, kind, 2, sequence >> 8, sequence & 0xff]);
    await outbox.send([Buffer.concat([head, rest]), ...frames]);
  };
  return {
    uuid,
    port,
    async meet(to) {
      outbox.connect(`tcp://127.0.0.1:${to}`);
      const all =
        Object.keys(headers).length === 0
          ? []
          : Object.entries({ group: 'SLEUTH-v1', node: uuid, ...headers });
      await send(
        1,
        Buffer.concat([
          short(`tcp://127.0.0.1:${port}`),
          count(1),
          long('SLEUTH-v1'),
          Buffer.of(1),
          short(uuid),
          count(all.length),
          ...all.flatMap(([name, value]) => [short(name), long(value)]),
        ]),
      );
    },
    send,
    whisper: (content) => send(2, Buffer.alloc(0), content),
    async receive() {
      const [from, ...frames] = await inbox.receive();
      return { from: from!.toString('hex').toUpperCase(), frames };
    },
    async [Symbol.asyncDispose]() {
      outbox.close();
      inbox.close();
    },
  };
}

/** `SLEUTH-v1REPL` or `SLEUTH-v1RECV` and the object, as Go writes it. */
export function sleuthContent(kind: 'REPL' | 'RECV', value: unknown): Buffer {
  return Buffer.concat([Buffer.from(`SLEUTH-v1${kind}`), gzipSync(JSON.stringify(value))]);
}

export function readContent(content: Buffer): {
  readonly kind: string;
  readonly value: Record<string, unknown>;
} {
  return {
    kind: content.subarray(0, 13).toString(),
    value: JSON.parse(gunzipSync(content.subarray(13)).toString()),
  };
}

function short(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
}

function long(text: string): Buffer {
  return Buffer.concat([count(text.length), Buffer.from(text)]);
}

function count(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}
