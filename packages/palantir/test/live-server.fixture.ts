/** The built pages and a stream of states that a test writes, as versions and their differences, over HTTP on loopback, with the headers
 * of the real server. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { difference } from '../src/live/difference.ts';
import { type Version, version } from '../src/live/version.ts';
import type { WallState } from '../src/live/wall-state.ts';
import type { Access } from '../src/web/access.ts';
import { loadPages } from '../src/web/pages.ts';

export interface LiveServer extends AsyncDisposable {
  readonly origin: string;
  /** What was asked for and is not there. */
  readonly missing: readonly string[];
  /** Sent to all who look, and to those who come later. */
  show(state: WallState): void;
  /** Loses the next state on its way to those who look. */
  lose(): void;
  /** Ends all streams and forgets the number of the newest state, as a server that starts anew. */
  restart(): void;
  /** Ends all streams, and refuses new ones until it is called with false. */
  refuse(isRefusing: boolean): void;
  readonly watchers: number;
  /** How many streams there were. */
  readonly opened: number;
  /** Of the newest state. */
  readonly number: number;
}

/** Tests do not wait as long as browsers do by themselves. */
const RETRY = 'retry: 20\n\n';
const EVERYBODY = { mayRead: () => true } as unknown as Access;

export async function liveServer(folder: string): Promise<LiveServer> {
  const routes = (await loadPages(folder)).routes(EVERYBODY);
  const streams = new Set<ServerResponse>();
  const missing: string[] = [];
  let newest: { readonly state: WallState; readonly version: Version } | undefined;
  let isRefusing = false;
  let opened = 0;
  let isLosing = false;

  function endAll(): void {
    for (const stream of streams) stream.end();
    streams.clear();
  }

  const server = createServer(async (incoming, outgoing) => {
    const { pathname } = new URL(incoming.url!, 'http://localhost');
    if (pathname === '/palantir/live') {
      if (isRefusing) return outgoing.writeHead(503).end();
      outgoing.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      outgoing.write(RETRY);
      streams.add(outgoing);
      opened++;
      outgoing.on('close', () => streams.delete(outgoing));
      if (newest) outgoing.write(newest.version.whole());
      return;
    }
    if (pathname === '/palantir/settings')
      return outgoing
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"problems":[],"dashboards":[]}');
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
    get opened() {
      return opened;
    },
    get number() {
      return newest?.version.number ?? 0;
    },
    show(state) {
      const number = (newest?.version.number ?? 0) + 1;
      newest = { state, version: version(number, state, newest && difference(newest.state, state)) };
      if (!isLosing) for (const stream of streams) stream.write(newest.version.change());
      isLosing = false;
    },
    lose() {
      isLosing = true;
    },
    restart() {
      newest = newest && { ...newest, version: version(1, newest.state) };
      endAll();
    },
    refuse(refusing) {
      isRefusing = refusing;
      if (refusing) endAll();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
