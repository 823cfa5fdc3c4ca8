import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { FIRST_PART_BYTES, inParts, MAX_PARTS, PartsDigest, partBytes } from './parts.ts';

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('all parts but the last are full, whatever the pieces, and the digest is that of S3', async () => {
  for (const size of [0, 1, FIRST_PART_BYTES, FIRST_PART_BYTES + 1, 2 * FIRST_PART_BYTES]) {
    const bytes = randomBytes(size);
    for (const chunk of [FIRST_PART_BYTES * 3, 100_003]) {
      const parts = await Array.fromAsync(inParts(chunksOf(bytes, chunk), 'key'));
      assert.ok(Buffer.concat(parts.map((part) => part.bytes)).equals(bytes));
      assert.deepEqual(
        parts.map(({ number, isLast }) => [number, isLast]),
        parts.map((_, index) => [index + 1, index === parts.length - 1]),
      );
      for (const part of parts.slice(0, -1)) assert.equal(part.bytes.length, FIRST_PART_BYTES);
      const whole = createHash('md5');
      for (const part of parts) whole.update(createHash('md5').update(part.bytes).digest());
      const digest = new PartsDigest();
      for await (const piece of chunksOf(bytes, 333_333)) digest.update(piece);
      assert.equal(digest.etag(), `${whole.digest('hex')}-${parts.length}`);
    }
  }
});

test('parts grow, so that S3’s ten thousand hold 430 GiB in bounded memory', () => {
  let total = 0;
  for (let number = 1; number <= MAX_PARTS; number++) total += partBytes(number);
  assert.equal(Math.round(total / 2 ** 30), 430);
  assert.equal(partBytes(MAX_PARTS), 10 * FIRST_PART_BYTES);
});
