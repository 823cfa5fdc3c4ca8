/** Writes an object: at once where it fits into one part, else in parts, UPLOADS at the same time, so that memory holds no more than
 * these and the next one. Others see nothing of it before its end; when it fails what was sent is taken back.
 *
 * Each part is signed with its SHA-256, so the service takes none that was changed on its way. To be checked when it is read, an
 * object of one part carries its SHA-256; one of several is checked by its ETag (PartsDigest in parts.ts), whose parts are then of known
 * lengths. Where ETags are no checksums, as with some encryption, that cannot be, and is found out with the first part. */
import { createHash } from 'node:crypto';
import { GoblinError } from '@goblin/core';
import { routine } from '../../database/routine.ts';
import { type S3Client, S3Refusal } from './client.ts';
import type { Part } from './parts.ts';
import { sha256 } from './signature.ts';
import { elements, escaped, textOf } from './xml.ts';

/** Parts on their way at the same time. */
const UPLOADS = 3;
export const SHA256_HEADER = 'x-amz-meta-goblin-sha256';
/** How the parts were cut: parts.ts is the first way. */
export const PARTS_HEADER = 'x-amz-meta-goblin-parts';
export const PARTS_VERSION = '1';

export interface UploadTarget {
  readonly client: S3Client;
  readonly key: string;
  readonly contentType: string;
}

export async function putWhole(
  { client, key, contentType }: UploadTarget,
  bytes: Buffer,
  ifAbsent: boolean,
): Promise<void> {
  const headers = {
    'content-type': contentType,
    [SHA256_HEADER]: sha256(bytes),
    ...(ifAbsent && { 'if-none-match': '*' }),
  };
  await client.request({ method: 'PUT', key, headers, body: bytes });
}

/** Answers the size. @throws what `parts` throws, S3Refusal, STORE_UNAVAILABLE */
export async function putParts(
  target: UploadTarget,
  first: Part,
  parts: AsyncIterable<Part>,
): Promise<number> {
  let upload = await begin(target, true);
  try {
    const sent = await upload.send(first);
    if (sent !== md5(first.bytes)) {
      await upload.abort();
      upload = await begin(target, false);
      await upload.send(first);
    }
    await sendAll(upload, parts);
    return await upload.finish();
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

interface Upload {
  /** Answers its ETag. */
  send(part: Part): Promise<string>;
  /** Answers the size of all. */
  finish(): Promise<number>;
  /** Takes back what was sent. Never rejects. */
  abort(): Promise<void>;
}

async function begin({ client, key, contentType }: UploadTarget, isChecked: boolean): Promise<Upload> {
  const headers = { 'content-type': contentType, ...(isChecked && { [PARTS_HEADER]: PARTS_VERSION }) };
  const { text } = await client.request({ method: 'POST', key, query: { uploads: '' }, headers });
  const uploadId = textOf(text, 'UploadId');
  if (uploadId === undefined) throw new Error('it did not begin an upload in parts');
  const etags = new Map<number, string>();
  const digests = new Map<number, Buffer>();
  let size = 0;

  /** What the ETag of the whole is, where ETags are checksums. */
  function expectedEtag(): string {
    const all = createHash('md5');
    for (let number = 1; number <= digests.size; number++) all.update(digests.get(number)!);
    return `${all.digest('hex')}-${digests.size}`;
  }

  /** The end may have come to its end though nobody heard of it: then the upload is gone, and the object there. */
  async function isThere(): Promise<boolean> {
    const { headers: found } = await client.request({ method: 'HEAD', key });
    return isChecked ? unquoted(found.etag) === expectedEtag() : Number(found['content-length']) === size;
  }

  return {
    async send({ number, bytes }) {
      const query = { partNumber: String(number), uploadId };
      const answer = await client.request({ method: 'PUT', key, query, body: bytes });
      const etag = unquoted(answer.headers.etag);
      etags.set(number, etag);
      digests.set(number, createHash('md5').update(bytes).digest());
      size += bytes.length;
      return etag;
    },
    async finish() {
      const list = [...etags].sort(([a], [b]) => a - b);
      const xml = list.map(
        ([number, etag]) =>
          `<Part><PartNumber>${number}</PartNumber><ETag>${escaped(`"${etag}"`)}</ETag></Part>`,
      );
      const body = Buffer.from(`<CompleteMultipartUpload>${xml.join('')}</CompleteMultipartUpload>`);
      try {
        const { text } = await client.request({ method: 'POST', key, query: { uploadId }, body });
        // It may fail after it has answered 200.
        const code = elements(text, 'Error').length > 0 ? textOf(text, 'Code') : undefined;
        if (code !== undefined) throw new S3Refusal(200, code, textOf(text, 'Message') ?? code);
      } catch (error) {
        const isGone = error instanceof S3Refusal && error.code === 'NoSuchUpload';
        if (!isGone || !(await isThere())) throw error;
      }
      if (isChecked && !(await isThere())) {
        throw new GoblinError('DATA_DAMAGED', {
          message: `${client.where} has not kept ${key} as it was sent`,
        });
      }
      return size;
    },
    async abort() {
      // Also when nobody waits for the put any more.
      const request = { method: 'DELETE', key, query: { uploadId } } as const;
      await routine(() => client.request(request)).catch(() => {});
    },
  };
}

/** A few at the same time. The first that fails ends it, when those under way have ended too. */
async function sendAll(upload: Upload, parts: AsyncIterable<Part>): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  try {
    for await (const part of parts) {
      const sending = upload.send(part).then(
        () => {},
        (error) => void failures.push(error),
      );
      running.add(sending);
      void sending.then(() => running.delete(sending));
      if (running.size >= UPLOADS) await Promise.race(running);
      if (failures.length > 0) break;
    }
  } finally {
    await Promise.all(running);
  }
  if (failures.length > 0) throw failures[0];
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** An ETag without its quotes. */
export function unquoted(etag: string | string[] | undefined): string {
  return String(etag ?? '').replace(/^"|"$/g, '');
}
