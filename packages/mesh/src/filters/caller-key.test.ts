import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context } from '@goblin/core';
import { callerKey, keyFunction } from './caller-key.ts';

const of = (tenant: string | undefined, actor: string | undefined, about = '') =>
  context.run({ tenant, actor }, () => callerKey('caller', about));

test('no two callers share a key, whatever characters their names are of', () => {
  const names = [
    undefined,
    '',
    '-',
    'a',
    'b',
    'ab',
    '1:a',
    '-1:a',
    '0:',
    'a\0b',
    '#',
    'x'.repeat(300),
    '2:ab',
  ];
  const keys = new Map<string, string>();
  for (const tenant of names) {
    for (const actor of names) {
      for (const about of ['', '/tax.v1/quote "FR"']) {
        const caller = JSON.stringify([tenant ?? null, actor ?? null, about]);
        const key = of(tenant, actor, about);
        assert.ok(!keys.has(key), `${caller} and ${keys.get(key)} share ${key}`);
        keys.set(key, caller);
      }
    }
  }
});

test('actors of a tenant share the key of the tenant, and everybody the key of all', () => {
  const keyOf = (per: 'tenant' | 'all', tenant: string, actor: string): string =>
    context.run({ tenant, actor }, () => callerKey(per));
  assert.equal(keyOf('tenant', 'acme', 'ada'), keyOf('tenant', 'acme', 'grace'));
  assert.notEqual(keyOf('tenant', 'acme', 'ada'), keyOf('tenant', 'globex', 'ada'));
  assert.equal(keyOf('all', 'acme', 'ada'), keyOf('all', 'globex', 'grace'));
});

test('no key is long, and no short one is that of a long one', () => {
  const long = 'x'.repeat(1_000_000);
  const keyOf = keyFunction((text: string) => text);
  assert.ok(keyOf(long).length < 64);
  assert.equal(keyOf(long), keyOf(long));
  assert.notEqual(keyOf(keyOf(long)), keyOf(long));
  assert.equal(keyOf('short'), 'short');
});
