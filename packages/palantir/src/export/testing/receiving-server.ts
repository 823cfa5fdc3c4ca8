/** A receiver on loopback that remembers what it took, and answers as a test says. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether it was answered 2xx. */
  readonly taken: boolean;
}

export interface ReceivingServer extends AsyncDisposable {
  readonly url: string;
  readonly all: readonly Received[];
  /** Bodies that were answered 2xx. */
  readonly taken: readonly Buffer[];
  /** How many were being answered at a time, at most. */
  readonly mostAtOnce: number;
  /** What is answered from now on: a status, or what ends the response. Default 204. */
  answer: (
    request: { readonly path: string; readonly body: Buffer },
    response: ServerResponse,
  ) => number | undefined;
}

export async function receivingServer(): Promise<ReceivingServer> {
  const all: Received[] = [];
  let open = 0;
  let mostAtOnce = 0;
  const server = createServer(async (request, response) => {
    open += 1;
    mostAtOnce = Math.max(mostAtOnce, open);
    response.on('close', () => (open -= 1));
    const { url: path = '', headers } = request;
    const body = await buffer(request).catch(() => Buffer.alloc(0));
    const status = receiving.answer({ path, body }, response);
    all.push({ path, headers, body, taken: status !== undefined && status < 300 });
    if (status !== undefined) response.writeHead(status).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const receiving: ReceivingServer = {
    url: `http://127.0.0.1:${port}`,
    all,
    get taken() {
      return all.filter(({ taken }) => taken).map(({ body }) => body);
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    answer: () => 204,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return receiving;
}
