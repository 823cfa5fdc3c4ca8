/** Where blobs are kept: named sequences of bytes, written once as a whole and read as a whole. Backups are the first
 * user. A directory and an S3-compatible service are behind the same interface; whoever writes another one runs the
 * cases of fixtures/blob-store-cases.ts on it. */
import { type Duration, GoblinError, milliseconds } from '@goblin/core';

export interface BlobInfo {
  readonly key: string;
  /** Bytes of the content. */
  readonly size: number;
  readonly modifiedAt: Date;
  /** As it was given; a list does not tell it. */
  readonly contentType?: string | undefined;
}

export interface PutOptions {
  /** Its media type, such as `image/png`. */
  readonly contentType?: string;
  /** Only where there is no blob with this key, of several who try at once one; for content of at most MAX_IF_ABSENT_BYTES. */
  readonly ifAbsent?: boolean;
}

/** Bytes from `start` up to and without `end`, the end of the blob where it is not given. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

export interface ListOptions {
  /** Only keys behind this one: the last key of the page before. */
  readonly after?: string;
}

export interface PresignOptions {
  /** Default `GET`. */
  readonly method?: 'GET' | 'PUT';
  /** Default 15 minutes, at most 7 days. */
  readonly expires?: Duration;
  /** Of a PUT: whoever puts has to send this `content-type`. */
  readonly contentType?: string;
  /** Of a PUT: how many bytes, exactly. */
  readonly size?: number;
}

export interface BlobStore {
  /** For a person: `the folder /var/backups/shop`. No secrets. */
  readonly where: string;
  /** Writes a blob, or replaces it. Others see all of the new content or none of it; once the promise is fulfilled it
   * is durable. @throws INVALID_INPUT for a key that is none, STORE_UNAVAILABLE; ALREADY_EXISTS with `ifAbsent`;
   * PAYLOAD_TOO_LARGE; what `body` throws goes through */
  put(key: string, body: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<BlobInfo>;
  /** The content. Read it to the end before you believe it: the checksum is compared there. A part of it is not compared with
   * anything. @throws NOT_FOUND, DATA_DAMAGED when it is not what was written, STORE_UNAVAILABLE; INVALID_INPUT for a range that
   * begins behind the end */
  get(key: string, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** What there is to say of a blob; undefined where it is not. */
  info(key: string): Promise<BlobInfo | undefined>;
  /** All blobs whose key begins so, in the order of their keys. They are read page by page as you go on. */
  list(prefix: string, options?: ListOptions): AsyncIterable<BlobInfo>;
  /** Deletes it if it is there. */
  delete(key: string): Promise<void>;
  /** A URL that gets or puts the blob for whoever has it, until it runs out; no further rights are asked for, so give it to
   * those only who may. @throws FAILED_PRECONDITION where the store has no address for others */
  presign(key: string, options?: PresignOptions): Promise<string>;
  /** Ends its connections, also those of transfers under way. */
  close(): Promise<void>;
}

export const MAX_IF_ABSENT_BYTES = 8_388_608;
export const MAX_CONTENT_TYPE_LENGTH = 128;
const DEFAULT_EXPIRES_MS = 900_000;
const MAX_EXPIRES_MS = 7 * 86_400_000;
const CONTENT_TYPE = /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+( *; *[\x20-\x7e]*)?$/;

const MAX_KEY_LENGTH = 512;
/** Folders of plain names: no empty one, none that begins with a dot, so that no key leads out of its place.
 * A directory cannot have both a blob `a` and a blob `a/b`. */
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._=+@~-]*(\/[A-Za-z0-9_-][A-Za-z0-9._=+@~-]*)*$/;

/** @throws INVALID_INPUT */
export function checkKey(key: string): void {
  if (key.length <= MAX_KEY_LENGTH && KEY.test(key)) return;
  throw new GoblinError('INVALID_INPUT', {
    message: `${JSON.stringify(key)} cannot name a blob: take names of letters, digits and . _ = + @ ~ -, separated by /, none beginning with a dot, at most ${MAX_KEY_LENGTH} characters`,
  });
}

/** @throws INVALID_INPUT */
export function checkContentType(type: string): void {
  if (type.length <= MAX_CONTENT_TYPE_LENGTH && CONTENT_TYPE.test(type)) return;
  throw new GoblinError('INVALID_INPUT', {
    message: `${JSON.stringify(type)} is no media type of at most ${MAX_CONTENT_TYPE_LENGTH} characters, such as image/png`,
  });
}

/** @throws INVALID_INPUT */
export function checkRange({ start, end = Number.MAX_SAFE_INTEGER }: ByteRange): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end > start) return;
  throw new GoblinError('INVALID_INPUT', {
    message: `a range begins at 0 or later and ends behind its beginning, not ${start} to ${end}`,
  });
}

/** Whole seconds. @throws INVALID_INPUT */
export function expiresSeconds(expires: Duration = DEFAULT_EXPIRES_MS): number {
  const ms = milliseconds(expires);
  if (ms >= 1_000 && ms <= MAX_EXPIRES_MS) return Math.floor(ms / 1_000);
  throw new GoblinError('INVALID_INPUT', {
    message: `a URL may be valid for 1 second to 7 days, not ${expires}`,
  });
}

export function outsideRange(key: string, start: number, size: number): GoblinError {
  return new GoblinError('INVALID_INPUT', {
    message: `${key} has ${size} bytes: no part of it begins at ${start}`,
  });
}

export function notThere(where: string, key: string): GoblinError {
  return new GoblinError('NOT_FOUND', { message: `${where} has no blob ${key}` });
}

export function alreadyThere(where: string, key: string): GoblinError {
  return new GoblinError('ALREADY_EXISTS', { message: `${where} has a blob ${key} already` });
}

export function tooLargeIfAbsent(key: string): GoblinError {
  return new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `${key} has more than ${MAX_IF_ABSENT_BYTES} bytes, which a put with ifAbsent may not have`,
  });
}
