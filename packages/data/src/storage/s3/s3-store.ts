/** Blobs in S3, or in a service that is compatible with it. The client is our own (client.ts says why it is small).
 *
 * Besides what every store does: uploads that a killed process has left are taken back after a day. `ifAbsent` asks the service for a
 * conditional write, which some do not know and would ignore; so the first time it is tried out whether this one does. */
import { context, GoblinError, isGoblinError, systemClock } from '@goblin/core';
import {
  alreadyThere,
  type BlobInfo,
  type BlobStore,
  checkContentType,
  checkKey,
  checkRange,
  expiresSeconds,
  notThere,
  type PutOptions,
  tooLargeIfAbsent,
} from '../blob-store.ts';
import { S3Client, type S3Options, S3Refusal } from './client.ts';
import { inParts, type Part } from './parts.ts';
import { readObject } from './read.ts';
import { putParts, putWhole } from './upload.ts';
import { elements, textOf } from './xml.ts';

const PAGE = 1_000;
const ABANDONED_MS = 86_400_000;
/** Begins with a dot, so it is the key of no blob. */
const PROBE = '.goblin-conditional-write';
const UNKNOWN_TYPE = 'application/octet-stream';
/** What services say where they were told no type. */
const NO_TYPES: ReadonlySet<string | undefined> = new Set([undefined, UNKNOWN_TYPE, 'binary/octet-stream']);

export type S3Store = BlobStore & AsyncDisposable;

/** @throws INVALID_INPUT; STORE_UNAVAILABLE when the bucket cannot be used */
export async function s3Store(options: S3Options): Promise<S3Store> {
  const client = new S3Client(options);
  const { where } = client;
  const base = options.prefix === undefined ? '' : `${options.prefix.replace(/\/$/, '')}/`;
  if (base !== '') checkKey(base.slice(0, -1));
  let knowsConditions: Promise<boolean> | undefined;

  const keyOf = (key: string): string => {
    checkKey(key);
    return base + key;
  };
  /** Turns refusals into errors of the store. */
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof S3Refusal ? client.unavailable(error) : error;
    }
  };

  async function put(
    key: string,
    body: AsyncIterable<Uint8Array>,
    { contentType, ifAbsent = false }: PutOptions = {},
  ): Promise<BlobInfo> {
    const full = keyOf(key);
    if (contentType !== undefined) checkContentType(contentType);
    if (ifAbsent) await mustKnowConditions();
    const target = { client, key: full, contentType: contentType ?? UNKNOWN_TYPE };
    const parts = inParts(body, key);
    // There is one at least.
    const first = (await parts.next()).value as Part;
    const size = await explained(async () => {
      if (!first.isLast) {
        if (!ifAbsent) return putParts(target, first, parts);
        await parts.return(undefined);
        throw tooLargeIfAbsent(key);
      }
      await putWhole(target, first.bytes, ifAbsent).catch((error) => {
        if (ifAbsent && error instanceof S3Refusal && (error.status === 412 || error.status === 409))
          throw alreadyThere(where, key);
        throw error;
      });
      return first.bytes.length;
    });
    const modifiedAt = new Date(systemClock.wall());
    return { key, size, modifiedAt, ...(contentType !== undefined && { contentType }) };
  }

  /** @throws UNIMPLEMENTED */
  async function mustKnowConditions(): Promise<void> {
    knowsConditions ??= tryConditions().catch((error) => {
      knowsConditions = undefined;
      throw error;
    });
    if (await knowsConditions) return;
    throw new GoblinError('UNIMPLEMENTED', {
      message: `${where} does not know conditional writes (If-None-Match), so it cannot put a blob only where there is none`,
    });
  }

  async function tryConditions(): Promise<boolean> {
    const probe = { client, key: base + PROBE, contentType: UNKNOWN_TYPE };
    await explained(() => putWhole(probe, Buffer.alloc(0), false));
    try {
      await putWhole(probe, Buffer.alloc(0), true);
      return false;
    } catch (error) {
      if (error instanceof S3Refusal && error.status === 412) return true;
      if (error instanceof S3Refusal && (error.status === 501 || error.status === 400)) return false;
      throw client.unavailable(error);
    }
  }

  /** Pages of the names behind `after`. */
  async function* list(prefix: string, after = ''): AsyncGenerator<BlobInfo> {
    if (prefix !== '') checkKey(prefix.replace(/\/$/, ''));
    let token: string | undefined;
    do {
      const query = {
        'list-type': '2',
        'max-keys': String(PAGE),
        'encoding-type': 'url',
        prefix: base + prefix,
        ...(token !== undefined && { 'continuation-token': token }),
        ...(token === undefined && after !== '' && { 'start-after': base + after }),
      };
      const { text } = await explained(() => client.request({ method: 'GET', key: '', query }));
      const isEncoded = textOf(text, 'EncodingType') === 'url';
      for (const content of elements(text, 'Contents')) {
        const info = infoOf(content, base, isEncoded);
        // Some services know no `start-after`.
        if (info && info.key > after) yield info;
      }
      token = textOf(text, 'IsTruncated') === 'true' ? textOf(text, 'NextContinuationToken') : undefined;
    } while (token !== undefined);
  }

  const close = (): Promise<void> => client.close();
  try {
    const query = { 'list-type': '2', 'max-keys': '1' };
    await explained(() => client.request({ method: 'GET', key: '', query }));
    await sweep(client, base);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    where,
    put,
    async *get(key, range) {
      if (range) checkRange(range);
      const full = keyOf(key);
      try {
        yield* readObject(client, full, range);
      } catch (error) {
        if (isMissing(error)) throw notThere(where, key);
        throw error instanceof S3Refusal ? client.unavailable(error) : error;
      }
    },
    async info(key) {
      const full = keyOf(key);
      return explained(async () => {
        try {
          const { headers } = await client.request({ method: 'HEAD', key: full });
          const type = headers['content-type'] as string | undefined;
          return {
            key,
            size: Number(headers['content-length']),
            modifiedAt: new Date(String(headers['last-modified'])),
            contentType: NO_TYPES.has(type) ? undefined : type,
          };
        } catch (error) {
          if (isMissing(error)) return undefined;
          throw error;
        }
      });
    },
    list: (prefix, { after } = {}) => list(prefix, after),
    async delete(key) {
      const full = keyOf(key);
      await explained(async () => {
        await client.request({ method: 'DELETE', key: full }).catch((error) => {
          if (!isMissing(error)) throw error;
        });
      });
    },
    async presign(key, { method = 'GET', expires, contentType, size } = {}) {
      const full = keyOf(key);
      if (contentType !== undefined) checkContentType(contentType);
      const headers = {
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...(size !== undefined && { 'content-length': String(size) }),
      };
      return client.presign(method, full, headers, expiresSeconds(expires));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A HEAD has no words, only a status. */
function isMissing(error: unknown): boolean {
  return error instanceof S3Refusal && error.status === 404 && error.code !== 'NoSuchBucket';
}

/** Undefined for what is no blob of ours, such as the empty object that some tools make for a folder.
 * @param isEncoded not all services do as they were asked. */
function infoOf(content: string, base: string, isEncoded: boolean): BlobInfo | undefined {
  const text = textOf(content, 'Key') ?? '';
  let key: string;
  try {
    key = (isEncoded ? decodeURIComponent(text.replaceAll('+', ' ')) : text).slice(base.length);
    checkKey(key);
  } catch {
    return undefined;
  }
  return {
    key,
    size: Number(textOf(content, 'Size')),
    modifiedAt: new Date(textOf(content, 'LastModified') ?? ''),
  };
}

/** Takes back uploads that nobody goes on with. Not all services list them, and not all credentials may. */
async function sweep(client: S3Client, base: string): Promise<void> {
  try {
    const query = { uploads: '', prefix: base };
    const { text } = await client.request({ method: 'GET', key: '', query });
    for (const upload of elements(text, 'Upload')) {
      const key = textOf(upload, 'Key');
      const uploadId = textOf(upload, 'UploadId');
      const begunAt = Date.parse(textOf(upload, 'Initiated') ?? '');
      if (key === undefined || uploadId === undefined || !(systemClock.wall() - begunAt > ABANDONED_MS))
        continue;
      await client.request({ method: 'DELETE', key, query: { uploadId } });
    }
  } catch (error) {
    if (context.current.cancellation.cancelled || isGoblinError(error, 'DEADLINE_EXCEEDED')) throw error;
  }
}
