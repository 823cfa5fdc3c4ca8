import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LIMITS, helloOf, parseHello } from './hello.ts';
import { LinkViolation } from './violation.ts';

const said = helloOf('tax-1', DEFAULT_LIMITS);

test('a hello is understood as it was said, also by who does not know all of its fields', () => {
  assert.deepEqual(parseHello(JSON.stringify(said)), said);
  assert.deepEqual(parseHello(JSON.stringify({ ...said, compression: ['zstd'] })), said);
});

test('no more calls and methods are taken than have numbers', () => {
  const greedy = parseHello(JSON.stringify({ ...said, maxCalls: 1e9, maxMethods: 1e9 }));
  assert.deepEqual([greedy.maxCalls, greedy.maxMethods], [65_536, 65_536]);
});

test('what is no hello is refused, whichever field is wrong', () => {
  for (const json of ['', '{', 'null', '7', '[]', '"hello"'])
    assert.throws(() => parseHello(json), LinkViolation);
  const wrong: Record<string, unknown[]> = {
    version: [undefined, 0, -1, 1.5, '1', null],
    instance: [undefined, 7, 'x'.repeat(129)],
    codecs: [undefined, 'json', new Array(17).fill('json'), [7], [{ toString: 1 }]],
    maxPayloadBytes: [undefined, 0, '1'],
    maxCalls: [undefined, 0, -5],
    maxStreams: [0],
    maxMethods: [0],
    windowBytes: [0, 1e300],
  };
  for (const [field, values] of Object.entries(wrong))
    for (const value of values)
      assert.throws(
        () => parseHello(JSON.stringify({ ...said, [field]: value })),
        LinkViolation,
        `${field} ${JSON.stringify(value)}`,
      );
});
