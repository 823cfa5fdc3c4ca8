/** URLs that get or put one blob of a directory for whoever has them, until they run out: signed by HMAC-SHA256, as S3 signs its
 * own. A link cannot be changed into one for another blob, another method or a longer time. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Clock, GoblinError, type Secret, systemClock } from '@goblin/core';
import { checkContentType, checkKey, expiresSeconds, type PresignOptions } from './blob-store.ts';

export interface BlobLinks {
  /** Where blobHandler answers: `https://shop.example.com/blobs`. */
  readonly url: string;
  /** At least 16 characters; the same in all instances. */
  readonly key: Secret;
  readonly clock?: Clock;
}

/** What a link allows. */
export interface BlobLink {
  readonly method: 'GET' | 'PUT';
  readonly blob: string;
  readonly contentType: string | undefined;
  readonly size: number | undefined;
}

const MIN_KEY_LENGTH = 16;

export function signLink(links: BlobLinks, blob: string, options: PresignOptions = {}): string {
  const { method = 'GET', expires, contentType, size } = options;
  if (contentType !== undefined) checkContentType(contentType);
  const nowSeconds = Math.floor((links.clock ?? systemClock).wall() / 1_000);
  const url = new URL(`${links.url.replace(/\/$/, '')}/${blob}`);
  const query = url.searchParams;
  query.set('method', method);
  query.set('expires', String(nowSeconds + expiresSeconds(expires)));
  if (contentType !== undefined) query.set('type', contentType);
  if (size !== undefined) query.set('size', String(size));
  query.set('signature', signatureOf(links, blob, query).toString('base64url'));
  return url.href;
}

/** What the URL of a request allows. @throws FORBIDDEN when it was not made so, or has run out; NOT_FOUND when it is no address of
 * a blob */
export function verifyLink(links: BlobLinks, requestUrl: string): BlobLink {
  const { pathname, searchParams: query } = new URL(requestUrl);
  const blob = blobOf(links, pathname);
  const given = Buffer.from(query.get('signature') ?? '', 'base64url');
  const expected = signatureOf(links, blob, query);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw forbidden('the link was not made here, or was changed');
  const now = (links.clock ?? systemClock).wall() / 1_000;
  if (Number(query.get('expires')) < now) throw forbidden('the link has run out');
  const size = query.get('size');
  return {
    method: query.get('method') === 'PUT' ? 'PUT' : 'GET',
    blob,
    contentType: query.get('type') ?? undefined,
    size: size === null ? undefined : Number(size),
  };
}

/** Only the path counts: the host is what the proxy in front makes of it. */
function blobOf(links: BlobLinks, pathname: string): string {
  const base = `${new URL(links.url).pathname.replace(/\/$/, '')}/`;
  try {
    const blob = decodeURIComponent(pathname.slice(base.length));
    if (!pathname.startsWith(base)) throw new GoblinError('NOT_FOUND');
    checkKey(blob);
    return blob;
  } catch (cause) {
    throw new GoblinError('NOT_FOUND', { message: 'this is no address of a blob', cause });
  }
}

function signatureOf({ key }: BlobLinks, blob: string, query: URLSearchParams): Buffer {
  const secret = key.reveal();
  if (secret.length < MIN_KEY_LENGTH) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `the key of the links to blobs has to have at least ${MIN_KEY_LENGTH} characters`,
    });
  }
  const said = ['method', 'expires', 'type', 'size'].map((name) => query.getAll(name));
  return createHmac('sha256', secret)
    .update(JSON.stringify(['goblin blob link', blob, ...said]))
    .digest();
}

function forbidden(message: string): GoblinError {
  return new GoblinError('FORBIDDEN', { message });
}
