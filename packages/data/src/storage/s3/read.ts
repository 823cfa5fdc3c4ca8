/** Reads an object to its end: where the connection breaks it goes on from where it was, so long as the object is still the same. A whole
 * object is compared with the checksum that it was written with; one that others have put there has none. */
import { createHash } from 'node:crypto';
import { GoblinError } from '@goblin/core';
import { type ByteRange, outsideRange } from '../blob-store.ts';
import { type S3Client, S3Refusal, type S3Stream } from './client.ts';
import { PartsDigest } from './parts.ts';
import { PARTS_HEADER, PARTS_VERSION, SHA256_HEADER, unquoted } from './upload.ts';

/** Broken connections in a row that brought not a byte. */
const MAX_BREAKS = 4;

export async function* readObject(
  client: S3Client,
  key: string,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const first = await open(client, key, range, 0, undefined);
  const etag = String(first.headers.etag ?? '');
  const check = range ? undefined : checkOf(first, key, client);
  let read = 0;
  let breaks = 0;
  for (let stream = first; ; ) {
    try {
      for await (const chunk of stream.body) {
        read += chunk.byteLength;
        breaks = 0;
        check?.update(chunk);
        yield chunk;
      }
      break;
    } catch (error) {
      if (++breaks > MAX_BREAKS) throw client.unavailable(error);
    }
    stream = await open(client, key, range, read, etag);
  }
  check?.end();
}

async function open(
  client: S3Client,
  key: string,
  range: ByteRange | undefined,
  read: number,
  etag: string | undefined,
): Promise<S3Stream> {
  const start = (range?.start ?? 0) + read;
  const end = range?.end === undefined ? '' : range.end - 1;
  const isPart = range !== undefined || read > 0;
  const headers = {
    ...(isPart && { range: `bytes=${start}-${end}` }),
    ...(etag !== undefined && { 'if-match': etag }),
  };
  try {
    return await client.stream({ method: 'GET', key, headers });
  } catch (error) {
    if (error instanceof S3Refusal && error.status === 416) {
      const { headers: found } = await client.request({ method: 'HEAD', key });
      throw outsideRange(key, start, Number(found['content-length']));
    }
    if (error instanceof S3Refusal && error.status === 412)
      throw new GoblinError('CONFLICT', { message: `${key} was replaced while it was read`, cause: error });
    throw error;
  }
}

interface Check {
  update(chunk: Uint8Array): void;
  /** @throws DATA_DAMAGED */
  end(): void;
}

function checkOf({ headers }: S3Stream, key: string, client: S3Client): Check | undefined {
  const sha256 = headers[SHA256_HEADER];
  if (typeof sha256 === 'string') {
    const hash = createHash('sha256');
    return {
      update: (chunk) => void hash.update(chunk),
      end: () => compare(hash.digest('hex'), sha256, key, client),
    };
  }
  if (headers[PARTS_HEADER] !== PARTS_VERSION) return undefined;
  const digest = new PartsDigest();
  return {
    update: (chunk) => digest.update(chunk),
    end: () => compare(digest.etag(), unquoted(headers.etag), key, client),
  };
}

function compare(found: string, expected: string, key: string, client: S3Client): void {
  if (found === expected) return;
  throw new GoblinError('DATA_DAMAGED', {
    message: `${key} in ${client.where} is not what was written: its checksum differs`,
  });
}
