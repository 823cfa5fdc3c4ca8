/** Answers the URLs that a directory of blobs has presigned: a route of a service, Fetch in and Fetch out. GET and HEAD with one byte
 * range; PUT of what the link says. What others have put is never run as a page of yours: it comes with a policy that forbids it. */
import { ReadableStream } from 'node:stream/web';
import { GoblinError } from '@goblin/core';
import { type BlobLink, type BlobLinks, verifyLink } from './blob-links.ts';
import type { BlobInfo, BlobStore, ByteRange } from './blob-store.ts';

const DEFAULT_MAX_PUT_BYTES = 104_857_600;
const UNKNOWN_TYPE = 'application/octet-stream';
const SAFE = {
  'accept-ranges': 'bytes',
  'cache-control': 'private, no-store',
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
} as const;

export interface BlobHandlerOptions {
  /** What a link without a size may put at most. Default 100 MiB. */
  readonly maxPutBytes?: number;
}

/** @example const answer = blobHandler(store, links);
 *   serve(…, { routes: { 'GET /blobs/*': answer, 'PUT /blobs/*': answer } })
 * Throws as a route may: FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, PAYLOAD_TOO_LARGE, INVALID_INPUT. */
export function blobHandler(
  store: BlobStore,
  links: BlobLinks,
  options: BlobHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const { maxPutBytes = DEFAULT_MAX_PUT_BYTES } = options;
  return async (request) => {
    const link = verifyLink(links, request.url);
    const wanted = request.method === 'HEAD' ? 'GET' : request.method;
    if (wanted !== link.method)
      throw new GoblinError('METHOD_NOT_ALLOWED', { message: `this link is for ${link.method}` });
    return wanted === 'PUT' ? put(store, link, request, maxPutBytes) : get(store, link, request);
  };
}

async function get(store: BlobStore, { blob }: BlobLink, request: Request): Promise<Response> {
  const info = await store.info(blob);
  if (!info) throw new GoblinError('NOT_FOUND', { message: `there is no blob ${blob}` });
  const range = rangeOf(request.headers.get('range'), info.size);
  const headers = { ...SAFE, 'last-modified': info.modifiedAt.toUTCString() };
  if (range === 'unsatisfiable') {
    const contentRange = `bytes */${info.size}`;
    return new Response(null, { status: 416, headers: { ...headers, 'content-range': contentRange } });
  }
  const { start, end } = range ?? { start: 0, end: info.size };
  const body = request.method === 'HEAD' ? null : ReadableStream.from(store.get(blob, range));
  return new Response(body as BodyInit | null, {
    status: range ? 206 : 200,
    headers: {
      ...headers,
      'content-type': info.contentType ?? UNKNOWN_TYPE,
      'content-length': String(end - start),
      ...(range && { 'content-range': `bytes ${start}-${end - 1}/${info.size}` }),
    },
  });
}

async function put(
  store: BlobStore,
  { blob, contentType, size }: BlobLink,
  request: Request,
  maxPutBytes: number,
): Promise<Response> {
  const given = request.headers.get('content-type') ?? undefined;
  if (contentType !== undefined && given !== contentType) {
    throw new GoblinError('INVALID_INPUT', {
      message: `this link is for content-type ${contentType}, not ${given}`,
    });
  }
  const body = exactly(request.body ?? [], size, maxPutBytes);
  const info: BlobInfo = await store.put(blob, body, given === undefined ? {} : { contentType: given });
  return new Response(null, { status: 200, headers: { 'content-length': '0', etag: `"${info.size}"` } });
}

async function* exactly(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number | undefined,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  const limit = size ?? maxBytes;
  let seen = 0;
  for await (const chunk of body) {
    seen += chunk.byteLength;
    if (seen > limit)
      throw new GoblinError('PAYLOAD_TOO_LARGE', { message: `this link is for ${limit} bytes at most` });
    yield chunk;
  }
  if (size !== undefined && seen !== size)
    throw new GoblinError('INVALID_INPUT', { message: `this link is for ${size} bytes, and ${seen} came` });
}

/** One range of bytes (RFC 9110 section 14.2). Undefined where the whole is wanted, or a form that is not known. */
function rangeOf(header: string | null, size: number): Required<ByteRange> | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return start < end ? { start, end } : 'unsatisfiable';
}
