/** Requests over kept connections with as little work as can be, so that one process can overload another: each connection
 * asks again when it was answered, but not sooner than so long after it asked. All are connected before any asks: a busy
 * server accepts one connection per turn of its loop, and how many it has by then would decide how hard the load presses. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class RawHttpLoad implements Disposable {
  /** Answers by status. */
  readonly answers = new Map<number, number>();
  readonly #sockets: Socket[] = [];

  /** @param warmUp the body of the first request of each connection, which is not counted. */
  static async start(
    at: { port: number; path: string; connections: number; perSecond: number },
    { warmUp, body }: { warmUp: string; body: string },
  ): Promise<RawHttpLoad> {
    const load = new RawHttpLoad();
    const { port, path, connections, perSecond } = at;
    for (let i = 0; i < connections; i++) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      load.#sockets.push(socket);
      socket.setEncoding('latin1');
      socket.on('error', () => {});
      socket.write(requestOf(path, warmUp));
      await once(socket, 'data');
    }
    const periodMs = (connections * 1_000) / perSecond;
    for (const [i, socket] of load.#sockets.entries())
      load.#askAgainAndAgain(socket, requestOf(path, body), periodMs, (i * periodMs) / connections);
    return load;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #askAgainAndAgain(socket: Socket, request: string, periodMs: number, delayMs: number): void {
    let received = '';
    let askedAt = 0;
    const ask = (): void => {
      if (socket.destroyed) return;
      askedAt = performance.now();
      socket.write(request);
    };
    socket.on('data', (text) => {
      received += text;
      const [, status, length] = /^HTTP\/1\.1 (\d+)[\s\S]*?content-length: (\d+)/i.exec(received) ?? [];
      const head = received.indexOf('\r\n\r\n');
      if (head === -1 || received.length < head + 4 + Number(length)) return;
      received = '';
      this.answers.set(Number(status), (this.answers.get(Number(status)) ?? 0) + 1);
      setTimeout(ask, Math.max(0, askedAt + periodMs - performance.now()));
    });
    setTimeout(ask, delayMs);
  }
}

function requestOf(path: string, body: string): string {
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${body.length}\r\n\r\n${body}`;
}
