import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { Secret } from './secret.ts';

const key = new Secret('hunter2');

test('a secret shows itself nowhere but through reveal', () => {
  assert.equal(key.reveal(), 'hunter2');
  const everywhere = [
    String(key),
    `${key}`,
    ['', key].join(),
    JSON.stringify({ key, list: [key] }),
    inspect(key),
    inspect({ deep: { key } }, { depth: 9, showHidden: true }),
    format('%s %o %j %O', key, key, key, key),
    JSON.stringify(Object.entries(key)),
    JSON.stringify(structuredClone(key)),
    new Error(`wrong key ${key}`).stack!,
  ];
  for (const text of everywhere) assert.doesNotMatch(text, /hunter2/);
  assert.equal(JSON.stringify({ key }), '{"key":"[secret]"}');
  assert.equal(inspect({ key }), '{ key: [secret] }');
});

test('secrets are compared by their text, whatever its length', () => {
  assert.ok(key.equals('hunter2'));
  assert.ok(key.equals(new Secret('hunter2')));
  assert.ok(!key.equals('hunter3'));
  assert.ok(!key.equals('a much longer text'));
  assert.ok(!key.equals(''));
});
