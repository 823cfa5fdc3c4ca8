/** The built pages and a stream of states that a test writes, over HTTP on loopback, with the headers of the real server. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WallState } from '../src/live/wall-state.ts';
import type { Access } from '../src/web/access.ts';
import { loadPages } from '../src/web/pages.ts';

export interface LiveServer extends AsyncDisposable {
  readonly origin: string;
  /** What was asked for and is not there. */
  readonly missing: readonly string[];
  /** Sent to all who look, and to those who come later. */
  show(state: WallState): void;
  /** Ends all streams, and refuses new ones until it is called with false. */
  refuse(isRefusing: boolean): void;
  readonly watchers: number;
}

const EVERYBODY = { mayRead: () => true } as unknown as Access;

export async function liveServer(folder: string): Promise<LiveServer> {
  const routes = (await loadPages(folder)).routes(EVERYBODY);
  const streams = new Set<ServerResponse>();
  const missing: string[] = [];
  let newest: WallState | undefined;
  let isRefusing = false;

  const server = createServer(async (incoming, outgoing) => {
    const { pathname } = new URL(incoming.url!, 'http://localhost');
    if (pathname === '/palantir/live') {
      if (isRefusing) return outgoing.writeHead(503).end();
      outgoing.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      outgoing.flushHeaders();
      streams.add(outgoing);
      outgoing.on('close', () => streams.delete(outgoing));
      if (newest) outgoing.write(eventOf(newest));
      return;
    }
    const [pattern, rest] = pathname.startsWith('/assets/')
      ? ['GET /assets/*', pathname.slice('/assets/'.length)]
      : [pathname.startsWith('/explore/') ? 'GET /explore/*' : `GET ${pathname}`, ''];
    try {
      const request = new Request(`http://localhost${incoming.url}`);
      const answer = (await routes[pattern]!(request, {} as never, { '*': rest })) as Response;
      outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
      outgoing.end(Buffer.from(await answer.arrayBuffer()));
    } catch {
      missing.push(pathname);
      outgoing.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    origin: `http://127.0.0.1:${port}`,
    missing,
    get watchers() {
      return streams.size;
    },
    show(state) {
      newest = state;
      for (const stream of streams) stream.write(eventOf(state));
    },
    refuse(refusing) {
      isRefusing = refusing;
      if (refusing) for (const stream of streams) stream.end();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function eventOf(state: WallState): string {
  return `event: wall\ndata: ${JSON.stringify(state)}\n\n`;
}
