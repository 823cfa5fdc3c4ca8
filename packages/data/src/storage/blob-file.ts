/** A blob as a file: its content, then a trailer with its media type, the SHA-256 of the content and a mark. So content and
 * checksum cannot come apart, and one rename makes both visible. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { GoblinError } from '@goblin/core';
import { type ByteRange, MAX_CONTENT_TYPE_LENGTH, outsideRange } from './blob-store.ts';

const READ_BYTES = 262_144;
const DIGEST_BYTES = 32;
const MARK = Buffer.from('goblin-1');
export const TRAILER_BYTES: number = MAX_CONTENT_TYPE_LENGTH + DIGEST_BYTES + MARK.length;

/** Writes content and trailer, and syncs them to the disk. Answers the size of the content.
 * @param failed makes the error of a write that failed; what `body` throws stays what it is. */
export async function writeBlob(
  file: FileHandle,
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  failed: (error: unknown) => GoblinError,
): Promise<number> {
  const append = (chunk: Uint8Array): Promise<void> =>
    file.writeFile(chunk).catch((error) => {
      throw failed(error);
    });
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    size += chunk.byteLength;
    await append(chunk);
  }
  const type = Buffer.alloc(MAX_CONTENT_TYPE_LENGTH);
  type.write(contentType, 'latin1');
  await append(Buffer.concat([type, hash.digest(), MARK]));
  await file.sync().catch((error) => {
    throw failed(error);
  });
  return size;
}

interface Trailer {
  readonly size: number;
  readonly digest: Buffer;
  readonly contentType: string | undefined;
}

/** What the trailer says. @throws DATA_DAMAGED */
export async function readTrailer(file: FileHandle, path: string): Promise<Trailer> {
  const size = (await file.stat()).size - TRAILER_BYTES;
  if (size < 0) throw damaged(path, 'it is too short');
  const trailer = Buffer.alloc(TRAILER_BYTES);
  await file.read(trailer, 0, TRAILER_BYTES, size);
  const digestAt = MAX_CONTENT_TYPE_LENGTH;
  const markAt = digestAt + DIGEST_BYTES;
  if (!trailer.subarray(markAt).equals(MARK)) throw damaged(path, 'its end is missing');
  const type = trailer.toString('latin1', 0, digestAt).replace(/\0+$/, '');
  return { size, digest: trailer.subarray(digestAt, markAt), contentType: type === '' ? undefined : type };
}

/** The content, or a part of it. @throws DATA_DAMAGED, INVALID_INPUT for a range behind the end */
export async function* readBlob(
  path: string,
  key: string,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  const { size, digest } = await readTrailer(file, path);
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? size, size);
  if (range && start >= size) throw outsideRange(key, start, size);
  const hash = createHash('sha256');
  for (let at = start; at < end; ) {
    const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) throw damaged(path, 'it became shorter while it was read');
    at += bytesRead;
    hash.update(chunk.subarray(0, bytesRead));
    yield chunk.subarray(0, bytesRead);
  }
  const isWhole = start === 0 && end === size;
  if (isWhole && !digest.equals(hash.digest())) throw damaged(path, 'its checksum differs');
}

function damaged(path: string, how: string): GoblinError {
  return new GoblinError('DATA_DAMAGED', { message: `${path} is not what was written: ${how}` });
}
