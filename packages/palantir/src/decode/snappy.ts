/** The block format of Snappy (https://github.com/google/snappy/blob/main/format_description.txt), which remote write is packed in.
 * Nothing larger is allocated than what such bytes can come to. */
import { GoblinError } from '@goblin/core';
import { MAX_REQUEST_BYTES } from './limits.ts';

/** A copy of 64 bytes is written in 3. */
const MAX_RATIO = 22;

/** @throws INVALID_INPUT, PAYLOAD_TOO_LARGE */
export function unpackSnappy(bytes: Buffer): Buffer {
  let at = 0;
  const length = readLength();
  if (length > MAX_REQUEST_BYTES) {
    const message = `a request may have ${MAX_REQUEST_BYTES} bytes unpacked, this one has ${length}: send smaller ones`;
    throw new GoblinError('PAYLOAD_TOO_LARGE', { message });
  }
  if (length > bytes.length * MAX_RATIO) throw damaged(`${length} bytes cannot come of ${bytes.length}`);
  const out = Buffer.allocUnsafe(length);
  let written = 0;
  while (at < bytes.length) {
    const tag = bytes[at]!;
    at += 1;
    if ((tag & 3) === 0) literal(tag >>> 2);
    else if ((tag & 3) === 1) copy(((tag >>> 2) & 7) + 4, ((tag >>> 5) << 8) | little(1));
    else copy((tag >>> 2) + 1, little((tag & 3) === 2 ? 2 : 4));
  }
  if (written !== length) throw damaged(`${length} bytes are announced and ${written} came`);
  return out;

  function literal(code: number): void {
    const count = (code < 60 ? code : little(code - 59)) + 1;
    if (count > bytes.length - at || count > length - written) throw damaged('a literal is too long');
    bytes.copy(out, written, at, at + count);
    at += count;
    written += count;
  }

  function copy(count: number, offset: number): void {
    if (offset === 0 || offset > written) throw damaged('a copy begins before the start');
    if (count > length - written) throw damaged('a copy is too long');
    if (offset >= count) out.copyWithin(written, written - offset, written - offset + count);
    // What is copied may be what this copy writes.
    else for (let i = written; i < written + count; i += 1) out[i] = out[i - offset]!;
    written += count;
  }

  function little(count: number): number {
    if (count > bytes.length - at) throw damaged('it ends within a number');
    const value = bytes.readUIntLE(at, count);
    at += count;
    return value;
  }

  function readLength(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 35; factor *= 128) {
      const byte = little(1);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw damaged('its length is no number of 32 bits');
  }

  function damaged(why: string): GoblinError {
    return new GoblinError('INVALID_INPUT', { message: `this is no Snappy block: ${why} at byte ${at}` });
  }
}
