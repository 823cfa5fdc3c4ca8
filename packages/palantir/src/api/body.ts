/** The bytes of a request, unpacked by its Content-Encoding, and never more than MAX_REQUEST_BYTES of them. */
import { promisify } from 'node:util';
import { gunzip, type InputType, inflate, type ZlibOptions, zstdDecompress } from 'node:zlib';
import { GoblinError } from '@goblin/core';
import { MAX_REQUEST_BYTES } from '../decode/limits.ts';

type Unpack = (bytes: InputType, options: Pick<ZlibOptions, 'maxOutputLength'>) => Promise<Uint8Array>;

const ENCODINGS: Readonly<Record<string, Unpack>> = {
  gzip: promisify(gunzip) as Unpack,
  deflate: promisify(inflate) as Unpack,
  zstd: promisify(zstdDecompress) as Unpack,
};

/** @throws PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, MALFORMED_REQUEST */
export async function bodyOf(request: Request): Promise<Uint8Array> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const encoding = (request.headers.get('content-encoding') ?? 'identity').toLowerCase();
  if (bytes.length > MAX_REQUEST_BYTES) throw tooLarge();
  // The decoder of Prometheus' remote write unpacks Snappy itself.
  if (encoding === 'identity' || encoding === 'snappy') return bytes;
  const unpack = Object.hasOwn(ENCODINGS, encoding) ? ENCODINGS[encoding] : undefined;
  if (!unpack) {
    const known = Object.keys(ENCODINGS).join(', ');
    throw new GoblinError('UNSUPPORTED_MEDIA_TYPE', {
      message: `the Content-Encoding ${JSON.stringify(encoding)} is not known: send ${known} or none`,
    });
  }
  try {
    return await unpack(bytes, { maxOutputLength: MAX_REQUEST_BYTES });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new GoblinError('MALFORMED_REQUEST', {
      message: `the body is not ${encoding}: ${(cause as Error).message}`,
      cause,
    });
  }
}

function tooLarge(): GoblinError {
  return new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `a request has at most ${MAX_REQUEST_BYTES} bytes: send less at a time`,
  });
}
