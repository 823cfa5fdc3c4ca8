/** Packs the block format of Snappy (https://github.com/google/snappy/blob/main/format_description.txt): the latest place at which four
 * bytes were seen is found by their hash, and what follows alike becomes a copy. Blocks of 64 KB, so that an offset fits into two
 * bytes. What does not repeat stays as it is. */

const BLOCK_BYTES = 65_536;
const MIN_MATCH = 4;
const HASH_BITS = 14;
const HASH_FACTOR = 0x1e35a7bd;
const MAX_COPY = 64;
/** Lengths of literals up to here stand in the tag. */
const SHORT_LITERAL = 60;

const table = new Uint16Array(1 << HASH_BITS);

export function packSnappy(bytes: Uint8Array): Buffer {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The most that it can come to, by Snappy's own reckoning.
  const out = Buffer.allocUnsafe(32 + input.length + Math.ceil(input.length / 6));
  let at = 0;
  let left = input.length;
  for (; left > 127; left >>>= 7) out[at++] = (left & 127) | 128;
  out[at++] = left;
  for (let start = 0; start < input.length; start += BLOCK_BYTES)
    at = packBlock(input, start, Math.min(input.length, start + BLOCK_BYTES), out, at);
  return out.subarray(0, at);
}

function packBlock(input: Buffer, start: number, end: number, out: Buffer, from: number): number {
  table.fill(0);
  let at = from;
  let literalFrom = start;
  let next = start + 1;
  while (next + MIN_MATCH <= end) {
    const word = input.readInt32LE(next);
    const hash = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS);
    const candidate = start + table[hash]!;
    table[hash] = next - start;
    if (input.readInt32LE(candidate) !== word) {
      // The longer nothing repeats, the larger the steps.
      next += 1 + ((next - literalFrom) >>> 5);
      continue;
    }
    let length = MIN_MATCH;
    while (next + length < end && input[candidate + length] === input[next + length]) length += 1;
    at = putLiteral(input, literalFrom, next, out, at);
    at = putCopies(next - candidate, length, out, at);
    next += length;
    literalFrom = next;
  }
  return putLiteral(input, literalFrom, end, out, at);
}

function putLiteral(input: Buffer, from: number, to: number, out: Buffer, at: number): number {
  const length = to - from;
  if (length === 0) return at;
  let next = at;
  if (length <= SHORT_LITERAL) out[next++] = (length - 1) << 2;
  else if (length <= 256) {
    out[next++] = SHORT_LITERAL << 2;
    out[next++] = length - 1;
  } else {
    out[next++] = (SHORT_LITERAL + 1) << 2;
    next = out.writeUInt16LE(length - 1, next);
  }
  return next + input.copy(out, next, from, to);
}

function putCopies(offset: number, length: number, out: Buffer, at: number): number {
  let next = at;
  for (let left = length; left > 0; ) {
    const count = Math.min(left, MAX_COPY);
    out[next++] = ((count - 1) << 2) | 2;
    next = out.writeUInt16LE(offset, next);
    left -= count;
  }
  return next;
}
