import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unpackSnappy } from '../decode/snappy.ts';
import { seededRandom } from '../store/fixtures/random.ts';
import { packSnappy } from './snappy.ts';

test('what is packed is unpacked to the same, whatever it is', () => {
  const random = seededRandom(7);
  const texts = Array.from(
    { length: 20 },
    (_, i) => `http_server_request_duration_seconds_bucket{le="${i}"}`,
  );
  for (const length of [0, 1, 3, 4, 5, 60, 61, 256, 257, 65_535, 65_536, 65_537, 400_000])
    for (const kind of ['zeros', 'noise', 'text', 'mixed']) {
      const bytes = Buffer.alloc(length);
      for (let at = 0; at < length; ) {
        const isText = kind === 'text' || (kind === 'mixed' && random(2) === 0);
        if (isText) at += Math.max(1, bytes.write(texts[random(texts.length)]!, at));
        else {
          bytes[at] = kind === 'zeros' ? 0 : random(256);
          at += 1;
        }
      }
      const packed = packSnappy(bytes);
      assert.ok(unpackSnappy(packed).equals(bytes), `${kind} ${length}`);
      assert.ok(packed.length <= 32 + length + length / 6, `${kind} ${length}`);
      if (kind === 'text' && length > 1_000) assert.ok(packed.length < length / 4, String(packed.length));
    }
});
