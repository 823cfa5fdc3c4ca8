/** Requests over kept connections with as little work as can be, so that one process can overload another: each connection
 * asks again when it was answered, but not sooner than so long after it asked. */
import { connect, type Socket } from 'node:net';

export class RawHttpLoad implements Disposable {
  /** Answers by status. */
  readonly answers = new Map<number, number>();
  readonly #sockets: Socket[] = [];

  constructor(port: number, path: string, body: string, connections: number, perSecond: number) {
    const request = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const periodMs = (connections * 1_000) / perSecond;
    for (let i = 0; i < connections; i++) this.#open(port, request, periodMs, (i * periodMs) / connections);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(port: number, request: string, periodMs: number, delayMs: number): void {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#sockets.push(socket);
    let received = '';
    let askedAt = 0;
    const ask = (): void => {
      if (socket.destroyed) return;
      askedAt = performance.now();
      socket.write(request);
    };
    socket.setEncoding('latin1');
    socket.on('error', () => {});
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
