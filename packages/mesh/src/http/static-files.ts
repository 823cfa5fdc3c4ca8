/** Serves folders of files. Promises: nothing outside the folder, whatever the path or a symbolic link says;
 * nothing whose name or folder begins with a dot; validators (ETag, Last-Modified) and one byte range; `name.br` or
 * `name.gz` beside a file when the client takes it; `index.html` for a folder. A file whose name carries a hash of
 * eight or more hexadecimal digits (`app.3f9a1c2e.js`) may be kept for a year, all others must be revalidated. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GoblinError } from '@goblin/core';
import { answerProblem, asGoblinError } from './answer.ts';
import { parseRange } from './byte-range.ts';
import { contentTypeOf } from './content-types.ts';
import type { Exchange } from './exchanges.ts';

const HASHED_NAME = /[.-][0-9a-f]{8,}\.[a-z0-9]+$/;
const IMMUTABLE = 'public, max-age=31536000, immutable';
const REVALIDATE = 'public, no-cache';
/** In order of preference. */
const ENCODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;

interface OpenFile {
  readonly handle: FileHandle;
  readonly stats: Stats;
  readonly encoding: string | undefined;
}

export interface StaticFiles {
  /** Whether the path is under one of the prefixes. */
  covers(path: string): boolean;
  /** Settles once the answer is written or the client has gone; never rejects. */
  answer(exchange: Exchange, path: string): Promise<void>;
}

/** @param folders Path prefix (`/assets`, `/`) → absolute folder. */
export function staticFiles(folders: Readonly<Record<string, string>>): StaticFiles {
  const mounts = Object.entries(folders)
    .map(([prefix, folder]) => ({ prefix: prefix.endsWith('/') ? prefix : `${prefix}/`, folder }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  const mountOf = (path: string): (typeof mounts)[number] | undefined =>
    mounts.find(({ prefix }) => path.startsWith(prefix) || `${path}/` === prefix);

  return {
    covers: (path) => mountOf(path) !== undefined,
    async answer(exchange, path) {
      try {
        const { prefix, folder } = mountOf(path)!;
        if (path.length < prefix.length) redirect(exchange, path);
        else await answerFile(exchange, folder, path.slice(prefix.length), path);
      } catch (thrown) {
        const error = asGoblinError(thrown);
        if (exchange.response.headersSent) exchange.response.destroy();
        else if (error.code === 'METHOD_NOT_ALLOWED')
          answerProblem(exchange.response, error, ['allow', 'GET, HEAD']);
        else answerProblem(exchange.response, error);
      }
    },
  };
}

async function answerFile(exchange: Exchange, folder: string, relative: string, path: string): Promise<void> {
  const { request, response } = exchange;
  const { headers, method } = request;
  if (method !== 'GET' && method !== 'HEAD')
    throw new GoblinError('METHOD_NOT_ALLOWED', { message: `${path} is a file: use GET or HEAD` });
  const name = await locate(folder, relative, path);
  if (name.endsWith(sep)) return redirect(exchange, path);
  const { handle, stats, encoding } = await openBest(name, headers, path);
  try {
    const etag = etagOf(stats, encoding);
    const validators = {
      etag,
      'last-modified': stats.mtime.toUTCString(),
      'cache-control': HASHED_NAME.test(name) ? IMMUTABLE : REVALIDATE,
      vary: 'accept-encoding',
    };
    if (isUnchanged(headers, etag, stats)) {
      response.writeHead(304, validators).end();
      return;
    }
    const range = rangeOf(headers, etag, stats);
    if (range === 'unsatisfiable') {
      const nothing = { 'content-range': `bytes */${stats.size}`, 'content-length': 0 };
      response.writeHead(416, { ...validators, ...nothing }).end();
      return;
    }
    const length = range ? range.end - range.start + 1 : stats.size;
    response.writeHead(range ? 206 : 200, {
      ...validators,
      'content-type': contentTypeOf(name),
      'content-length': length,
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      ...(encoding && { 'content-encoding': encoding }),
      ...(range && { 'content-range': `bytes ${range.start}-${range.end}/${stats.size}` }),
    });
    if (method === 'HEAD' || length === 0) response.end();
    // A client that leaves in the middle is no failure of ours.
    else await pipeline(handle.createReadStream({ autoClose: false, ...range }), response).catch(ignore);
  } finally {
    await handle.close();
  }
}

/** A folder's page has relative links, which need the `/` at its end. */
function redirect({ response }: Exchange, path: string): void {
  response.writeHead(308, { location: `${path}/`, 'content-length': 0 }).end();
}

function etagOf(stats: Stats, encoding: string | undefined): string {
  const version = `${stats.size.toString(36)}-${Math.trunc(stats.mtimeMs * 1_000).toString(36)}`;
  return encoding ? `"${version}-${encoding}"` : `"${version}"`;
}

/** The real path of what is asked for, with a `/` at its end where that is a folder asked for without one.
 * @throws NOT_FOUND for all that may not be had */
async function locate(folder: string, relative: string, path: string): Promise<string> {
  const segments = decode(relative, path).split('/');
  if (segments.at(-1) === '') segments[segments.length - 1] = 'index.html';
  if (segments.some((segment) => segment === '' || segment.startsWith('.') || /[\0\\]/.test(segment)))
    throw notFound(path);
  try {
    const root = await realpath(folder);
    const name = await realpath(join(root, ...segments));
    const inside = root.endsWith(sep) ? root.length - 1 : root.length;
    if (!name.startsWith(root.slice(0, inside) + sep) || name.includes(`${sep}.`, inside))
      throw notFound(path);
    return (await stat(name)).isDirectory() ? name + sep : name;
  } catch {
    throw notFound(path);
  }
}

function decode(relative: string, path: string): string {
  try {
    return decodeURIComponent(relative);
  } catch {
    throw new GoblinError('MALFORMED_REQUEST', { message: `${path} is not percent-encoded` });
  }
}

/** The file, or a compressed one beside it that the client takes. */
async function openBest(name: string, headers: IncomingHttpHeaders, path: string): Promise<OpenFile> {
  const accepted = acceptedEncodings(headers['accept-encoding']);
  for (const { name: encoding, extension } of ENCODINGS) {
    const file = accepted.has(encoding) ? await openFile(name + extension, encoding) : undefined;
    if (file) return file;
  }
  const file = await openFile(name, undefined);
  if (!file) throw notFound(path);
  return file;
}

function acceptedEncodings(header: string | string[] | undefined): Set<string> {
  const accepted = new Set<string>();
  for (const part of String(header ?? '').split(',')) {
    const [name = '', ...parameters] = part.trim().toLowerCase().split(';');
    if (!parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter))) accepted.add(name.trim());
  }
  return accepted;
}

/** Symbolic links were resolved before: one that appears in between is not followed. */
async function openFile(name: string, encoding: string | undefined): Promise<OpenFile | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(name, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, stats, encoding };
  await handle.close();
  return undefined;
}

function isUnchanged(headers: IncomingHttpHeaders, etag: string, stats: Stats): boolean {
  const match = headers['if-none-match'];
  if (match !== undefined)
    return match === '*' || match.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return Math.floor(stats.mtimeMs / 1_000) * 1_000 <= since;
}

/** A range counts only while the file is the one that its first part came from. */
function rangeOf(headers: IncomingHttpHeaders, etag: string, stats: Stats): ReturnType<typeof parseRange> {
  if (headers.range === undefined) return undefined;
  const condition = headers['if-range'];
  if (condition !== undefined && condition !== etag && condition !== stats.mtime.toUTCString())
    return undefined;
  return parseRange(headers.range, stats.size);
}

function notFound(path: string): GoblinError {
  return new GoblinError('NOT_FOUND', { message: `there is no file ${path}` });
}

function ignore(): void {}
