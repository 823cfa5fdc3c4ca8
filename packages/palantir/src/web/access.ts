/** Who may look. There is one token, in a file that only the owner of the data folder may read; a link with it opens a session
 * in a browser, programs send it as a bearer token. Telemetry is taken without it, but not from web pages: a page of another
 * origin could otherwise write from within somebody's browser. Requests for a host name that is not ours are refused, so that
 * no page can reach a loopback address by a name of its own (DNS rebinding). */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPrivateFile, GoblinError, type Route } from '@goblin/core';

export type Routes = Readonly<Record<string, Route<unknown>>>;

const TOKEN_BYTES = 24;
const COOKIE = 'palantir';
const SESSION_SECONDS = 30 * 86_400;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export interface Access {
  readonly token: string;
  /** Routes for who has the token or a session. Those that change something are refused to pages of other origins. */
  forReaders(routes: Routes): Routes;
  /** Routes for whoever reaches us, except pages of other origins. */
  forSenders(routes: Routes): Routes;
  /** `GET /login?token=…`: opens a session and goes on to the page named by `to`. */
  readonly login: Route<unknown>;
  mayRead(request: Request): boolean;
}

export interface AccessOptions {
  readonly token: string;
  /** Host names, besides those of loopback, that this is reached by. */
  readonly hosts?: readonly string[];
}

/** The token of this folder, made at random where there is none. Rejects with the system's error. */
export async function tokenOf(folder: string): Promise<string> {
  const file = join(folder, 'token');
  await createPrivateFile(file, `${randomBytes(TOKEN_BYTES).toString('base64url')}\n`);
  return (await readFile(file, 'utf8')).trim();
}

export function createAccess({ token, hosts = [] }: AccessOptions): Access {
  // What the cookie holds is not the token: it opens this server's pages and nothing else.
  const session = createHmac('sha256', token).update('session').digest('base64url');

  function mayRead(request: Request): boolean {
    const bearer = /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    if (bearer !== undefined) return isSame(bearer, token);
    const cookie = cookieOf(request);
    return cookie !== undefined && isSame(cookie, session);
  }

  function checkHost(request: Request): void {
    const { hostname } = new URL(request.url);
    if (LOOPBACK.test(hostname) || hosts.includes(hostname)) return;
    const message = `${hostname} is not a name of this server: reach it as localhost, or list the name under hosts`;
    throw new GoblinError('FORBIDDEN', { message });
  }

  /** Browsers name the origin of a page that writes, and of one that reads across origins. */
  function checkOrigin(request: Request): void {
    const origin = request.headers.get('origin');
    if (origin === null || origin === new URL(request.url).origin) return;
    throw new GoblinError('FORBIDDEN', { message: `a page of ${origin} may not do this` });
  }

  function guarded(routes: Routes, check: (request: Request) => void): Routes {
    return Object.fromEntries(
      Object.entries(routes).map(([pattern, route]) => [
        pattern,
        (...asked: Parameters<Route<unknown>>) => {
          checkHost(asked[0]);
          check(asked[0]);
          return route(...asked);
        },
      ]),
    );
  }

  return {
    token,
    mayRead,
    forReaders: (routes) =>
      guarded(routes, (request) => {
        checkOrigin(request);
        if (!mayRead(request)) throw new GoblinError('UNAUTHENTICATED', { message: LOGIN_HINT });
      }),
    forSenders: (routes) => guarded(routes, checkOrigin),
    login: (request) => {
      checkHost(request);
      const { searchParams } = new URL(request.url);
      if (!isSame(searchParams.get('token') ?? '', token))
        throw new GoblinError('UNAUTHENTICATED', { message: LOGIN_HINT });
      const to = searchParams.get('to') ?? '/';
      return new Response(null, {
        status: 303,
        headers: {
          location: /^\/(?![/\\])/.test(to) ? to : '/',
          'set-cookie': `${COOKIE}=${session}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${SESSION_SECONDS}`,
          'referrer-policy': 'no-referrer',
          'cache-control': 'no-store',
        },
      });
    },
  };
}

const LOGIN_HINT = 'open the link that `goblin palantir link` prints, or send its token as a bearer token';

function cookieOf(request: Request): string | undefined {
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === COOKIE) return value;
  }
  return undefined;
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
