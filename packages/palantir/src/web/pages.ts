/** The pages: one document for all paths, its scripts, styles and fonts, read from the built folder once and held compressed. They
 * come from here and nowhere else, and the browser is told so. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { GoblinError, type Route } from '@goblin/core';
import type { Access, Routes } from './access.ts';

const FOLDER: string = fileURLToPath(new URL('../../dist-web', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const HEADERS = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};
/** The paths of pages; the script knows what each shows. */
const PAGES = ['/', '/tv', '/swarm', '/explore/*'];

interface Asset {
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

export interface Pages {
  /** Changes with any file. Empty where nothing is built. */
  readonly build: string;
  routes(access: Access): Routes;
}

/** @throws the system's error where the folder is there and cannot be read */
export async function loadPages(folder: string = FOLDER): Promise<Pages> {
  const assets = new Map<string, Asset>();
  const hash = createHash('sha256');
  for (const name of await filesOf(folder)) {
    const type = TYPES[extname(name)];
    if (!type) continue;
    const plain = new Uint8Array(await readFile(join(folder, name)));
    hash.update(name).update(plain);
    assets.set(name, { type, plain, gzipped: new Uint8Array(await promisify(gzip)(plain)) });
  }
  const document = assets.get('index.html');

  const page =
    (access: Access): Route<unknown> =>
    (request) => {
      if (!access.mayRead(request)) return new Response(LOGIN_PAGE, { status: 401, headers: htmlHeaders() });
      if (!document) throw new GoblinError('UNIMPLEMENTED', { message: NOT_BUILT });
      return answer(request, document, 'no-store');
    };

  const asset: Route<unknown> = (request, _call, { '*': rest = '' }) => {
    const found = assets.get(`assets/${rest}`);
    if (!found) throw new GoblinError('NOT_FOUND', { message: `there is no file assets/${rest}` });
    return answer(request, found, 'public, max-age=31536000, immutable');
  };

  return {
    build: document ? hash.digest('hex').slice(0, 16) : '',
    routes: (access) => ({
      'GET /assets/*': asset,
      ...Object.fromEntries(PAGES.map((path) => [`GET ${path}`, page(access)])),
    }),
  };
}

const NOT_BUILT = 'the pages are not built: run npm run build in packages/palantir';
const LOGIN_PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Palantir</title>
<body style="font:18px system-ui;margin:15vh auto;max-width:34em;padding:1em"><h1>Palantir</h1>
<p>Open the link that <code>goblin up</code> prints, or <code>goblin palantir link</code>: it lets this browser in.</p></body></html>`;

function htmlHeaders(): Record<string, string> {
  return { ...HEADERS, 'content-type': TYPES['.html']!, 'cache-control': 'no-store' };
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.map((name) => name.replaceAll('\\', '/')).sort();
}

function answer(request: Request, { type, plain, gzipped }: Asset, caching: string): Response {
  const isGzipped = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
  return new Response(isGzipped ? gzipped : plain, {
    headers: {
      ...HEADERS,
      'content-type': type,
      'cache-control': caching,
      vary: 'accept-encoding',
      ...(isGzipped && { 'content-encoding': 'gzip' }),
    },
  });
}
