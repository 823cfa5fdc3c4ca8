import assert from 'node:assert/strict';
import { test } from 'node:test';
import { END, EnvelopeReader, encodeEnvelope } from './connect-envelope.ts';

test('envelopes are read whatever the pieces they come in', () => {
  const texts = ['{"n":1}', '', '"ü"', `"${'x'.repeat(5_000)}"`];
  const bytes = Buffer.concat([...texts.map((text) => encodeEnvelope(0, text)), encodeEnvelope(END, '{}')]);
  for (const size of [1, 2, 3, 4, 5, 6, 7, 64, 4_096, bytes.length]) {
    const reader = new EnvelopeReader(10_000);
    const seen = [];
    for (let at = 0; at < bytes.length; at += size) seen.push(...reader.push(bytes.subarray(at, at + size)));
    assert.deepEqual(
      seen.map(({ flags, payload }) => [flags, payload.toString()]),
      [...texts.map((text) => [0, text]), [END, '{}']],
      `in pieces of ${size}`,
    );
    assert.equal(reader.held, 0);
  }
});

test('an envelope over the limit is refused by its head, before its bytes are kept', () => {
  const reader = new EnvelopeReader(100);
  assert.throws(() => [...reader.push(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))], {
    code: 'PAYLOAD_TOO_LARGE',
  });
});

test('a compressed envelope is refused', () => {
  assert.throws(() => [...new EnvelopeReader(100).push(Buffer.from([1, 0, 0, 0, 0]))], {
    code: 'MALFORMED_REQUEST',
  });
});
