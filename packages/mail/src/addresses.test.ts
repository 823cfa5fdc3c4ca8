import assert from 'node:assert/strict';
import { test } from 'node:test';
import { masked, maskedText, parseAddress } from './addresses.ts';

test('addresses are read with and without a name', () => {
  assert.deepEqual(parseAddress('ada@example.com'), { address: 'ada@example.com' });
  assert.deepEqual(parseAddress('Ada Löv <ada@example.com>'), {
    name: 'Ada Löv',
    address: 'ada@example.com',
  });
  assert.deepEqual(parseAddress('"Ada, Countess" <ada@example.com>'), {
    name: 'Ada, Countess',
    address: 'ada@example.com',
  });
  assert.deepEqual(parseAddress({ name: 'Ada\r\nBcc: all@example.com', address: 'ada@example.com' }), {
    name: 'Ada Bcc: all@example.com',
    address: 'ada@example.com',
  });
  assert.deepEqual(parseAddress('ada@bücher.example'), { address: 'ada@xn--bcher-kva.example' });
  assert.deepEqual(parseAddress("o'brien+x@a.b-c.example"), { address: "o'brien+x@a.b-c.example" });
});

test('what is no address is refused, in a message that does not repeat it', () => {
  const wrong = [
    '',
    'ada',
    '@example.com',
    'ada@',
    'ada@exa mple.com',
    'ada@example..com',
    'ada@-example.com',
    '.ada@example.com',
    'ada..b@example.com',
    'ada@example.com\r\nBcc: evil@example.com',
    'ada\n@example.com',
    'ada@example.com, bob@example.com',
    '<ada@example.com> <bob@example.com>',
    '"a b"@example.com',
    'ada@example.com>',
    'ünïcode@example.com',
    'ada@example.com\0',
    'ada@[127.0.0.1]',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b.'.repeat(130)}example.com`,
    'x'.repeat(1_000_000),
  ];
  for (const text of wrong) {
    assert.throws(
      () => parseAddress(text),
      (error: Error & { code?: string }) =>
        error.code === 'INVALID_INPUT' && !error.message.includes('example'),
      JSON.stringify(text.slice(0, 60)),
    );
  }
});

test('in logs an address is not recognisable', () => {
  assert.equal(masked('ada.lovelace@example.com'), 'a***@example.com');
  assert.equal(
    maskedText('550 5.1.1 <ada@example.com>: no user "ada@example.com", try bob@example.org'),
    '550 5.1.1 <a***@example.com>: no user "a***@example.com", try b***@example.org',
  );
});
