/** Reads the body of a request into memory, bounded. */
import type { IncomingMessage } from 'node:http';
import { GoblinError } from '@goblin/core';

/** Never settles when the client leaves before the body is complete; the exchange is cancelled then.
 * @throws PAYLOAD_TOO_LARGE */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const refusal = oversize(request, maxBytes);
    if (refusal) return reject(refusal);
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > maxBytes) {
        request.off('data', onData);
        request.pause();
        reject(tooLarge('more than', maxBytes));
      } else chunks.push(chunk);
    };
    request.on('data', onData);
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
  });
}

/** The refusal of a body whose declared length is over the limit. */
export function oversize(request: IncomingMessage, maxBytes: number): GoblinError | undefined {
  const declared = request.headers['content-length'];
  return declared !== undefined && Number(declared) > maxBytes ? tooLarge(declared, maxBytes) : undefined;
}

export function tooLarge(length: string, maxBytes: number): GoblinError {
  return new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `the body has ${length} bytes; the limit is ${maxBytes} (maxBodyBytes)`,
    data: { limit: maxBytes },
  });
}
