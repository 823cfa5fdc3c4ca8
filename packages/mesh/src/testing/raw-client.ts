/** A TCP client that sends what no proper client would. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

export interface RawClient extends Disposable {
  readonly socket: Socket;
  /** All that was received, as latin1. */
  readonly received: string;
  readonly closed: boolean;
  send(bytes: string | Uint8Array): void;
  /** Resolves with what was received once it contains the text. */
  receive(text: string): Promise<string>;
  /** Resolves with what was received once the other side has closed. */
  end(): Promise<string>;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let received = '';
  let closed = false;
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    received += text;
  });
  socket.on('error', () => {});
  for (const event of ['end', 'close'])
    socket.on(event, () => {
      closed = true;
    });
  await once(socket, 'connect');
  const client: RawClient = {
    socket,
    get received() {
      return received;
    },
    get closed() {
      return closed;
    },
    send: (bytes) => void socket.write(bytes),
    async receive(text) {
      await until(() => received.includes(text) || closed, `${JSON.stringify(text)} is received`);
      if (!received.includes(text)) throw new Error(`closed after ${JSON.stringify(received)}`);
      return received;
    },
    async end() {
      await until(() => closed, 'the other side closes');
      return received;
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
  return client;
}
