import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../config/secret.ts';
import { isSensitiveKey, redacted, SENSITIVE_KEYS } from './redact.ts';

test('fields that are named like secrets are hidden at any depth, however the name is written', () => {
  const shown = redacted({
    headers: { Authorization: 'Bearer x', 'Set-Cookie': ['a=b'], accept: '*/*' },
    list: [{ ok: 1 }, { acquirerApiKey: 'x' }],
    map: new Map([['PASSWORD', 'x']]),
    SENTRY_DSN: 'https://key@host/1',
    card_number: 4242,
    card: { number: '4242424242424242', brand: 'visa', holder: { number: 'x' } },
    house: { number: 7 },
    cvc: '123',
    tokens: 5,
  });
  assert.deepEqual(shown, {
    headers: { Authorization: '[redacted]', 'Set-Cookie': '[redacted]', accept: '*/*' },
    list: [{ ok: 1 }, { acquirerApiKey: '[redacted]' }],
    map: { PASSWORD: '[redacted]' },
    SENTRY_DSN: '[redacted]',
    card_number: '[redacted]',
    card: { number: '[redacted]', brand: 'visa', holder: { number: 'x' } },
    house: { number: 7 },
    cvc: '[redacted]',
    tokens: 5,
  });
});

const PAGE = join(import.meta.dirname, '../../../../docs/reference/configuration.md');

test('every name is hidden, and documented in docs/reference/configuration.md', () => {
  const page = readFileSync(PAGE, 'utf8');
  for (const name of SENSITIVE_KEYS)
    assert.ok(page.includes(`\`${name}\``), `${name} is missing on the page`);
  for (const name of SENSITIVE_KEYS)
    assert.ok(isSensitiveKey(name) && isSensitiveKey(`my-${name.toUpperCase()}`));
});

test('what was passed in is never changed, and is not copied when nothing is hidden', () => {
  const fields = { peer: { address: '10.0.0.1' }, list: [1, 2] };
  assert.equal(redacted(fields), fields);
  const secret = { a: { password: 'x' }, b: { c: 1 } };
  const shown = redacted(secret);
  assert.equal(secret.a.password, 'x');
  assert.equal(shown.b, secret.b);
});

test('a Secret prints as itself wherever it is', () => {
  assert.equal(
    JSON.stringify(redacted({ key: new Secret('x'), list: [new Secret('y')], token: new Secret('z') })),
    '{"key":"[secret]","list":["[secret]"],"token":"[secret]"}',
  );
});

test('bytes, sets, dates and objects with toJSON are shown in short', () => {
  const shown = redacted({
    bytes: Buffer.alloc(1_000),
    set: new Set([1]),
    at: new Date(0),
    url: new URL('https://a.example/x'),
    own: { toJSON: () => ({ password: 'x' }) },
  });
  assert.equal(
    JSON.stringify(shown),
    '{"bytes":"[1000 bytes]","set":[1],"at":"1970-01-01T00:00:00.000Z","url":"https://a.example/x","own":{"password":"[redacted]"}}',
  );
});

test('fields that cannot be read are shown as that', () => {
  const trap = {
    get x() {
      throw new Error('no');
    },
  };
  assert.deepEqual(redacted(trap), { fields: '[unreadable: no]' });
  assert.deepEqual(redacted({ inner: trap, ok: 1 }), { inner: '[unreadable: no]', ok: 1 });
});

test('depth and number of values are bounded', () => {
  let deep: Record<string, unknown> = {};
  for (let i = 0; i < 100; i++) deep = { deep };
  assert.ok(JSON.stringify(redacted({ deep })).length < 200);
  const wide = { list: Array.from({ length: 100_000 }, (_, i) => i), more: { password: 'x' } };
  const shown = JSON.stringify(redacted(wide));
  assert.ok(shown.length < 10_000);
  assert.doesNotMatch(shown, /"x"/);
});
