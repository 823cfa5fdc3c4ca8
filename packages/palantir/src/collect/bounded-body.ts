/** The body of an answer, and never more than `maxBytes` of it, unpacked. */
import { GoblinError } from '@goblin/core';

/** @throws PAYLOAD_TOO_LARGE, and what reading throws */
export async function boundedBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > maxBytes)
      throw new GoblinError('PAYLOAD_TOO_LARGE', { message: `the answer has more than ${maxBytes} bytes` });
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}
