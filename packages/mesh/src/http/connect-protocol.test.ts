import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorRegistry, GoblinError } from '@goblin/core';
import {
  formatTimeout,
  fromConnectError,
  inputOfQuery,
  parseTimeout,
  toConnectError,
} from './connect-protocol.ts';

test('every code of the registry crosses the wire whole', () => {
  for (const code of [...Object.keys(errorRegistry), 'CARD_DECLINED']) {
    const error = new GoblinError(code, { message: 'ünïcode', data: { a: [1, { b: null }] } });
    const back = fromConnectError(JSON.parse(JSON.stringify(toConnectError(error))));
    assert.deepEqual(back?.toJSON(), error.toJSON());
  }
});

test('an error of another implementation gets the code that is nearest', () => {
  assert.deepEqual(fromConnectError({ code: 'not_found', message: 'no such thing' })?.toJSON(), {
    code: 'NOT_FOUND',
    message: 'no such thing',
  });
  assert.equal(fromConnectError({ code: 'aborted' })?.code, 'CONFLICT');
});

test('a detail that is damaged does not hide the error', () => {
  for (const value of [
    '!!',
    '',
    7,
    Buffer.from('[]').toString('base64'),
    Buffer.from('{"code":7}').toString('base64'),
  ]) {
    const error = fromConnectError({
      code: 'internal',
      message: 'm',
      details: [{ type: 'goblin.Error', value }],
    });
    assert.equal(error?.code, 'INTERNAL');
  }
});

test('what is no Connect error is none', () => {
  for (const body of [
    undefined,
    null,
    7,
    'text',
    [],
    {},
    { code: 7 },
    { code: 'toString' },
    { code: 'NOT_FOUND' },
  ])
    assert.equal(fromConnectError(body), undefined);
});

test('data that JSON cannot say does not hide the error', () => {
  const error = new GoblinError('CONFLICT', { message: 'm', data: { big: 1n } });
  assert.deepEqual(fromConnectError(toConnectError(error))?.toJSON(), { code: 'CONFLICT', message: 'm' });
});

test('a timeout is at most ten digits', () => {
  assert.equal(parseTimeout('0'), 0);
  assert.equal(parseTimeout('9999999999'), 9_999_999_999);
  for (const header of ['', '-1', '1.5', '10000000000', '1e3', ' 1', '0x1'])
    assert.throws(() => parseTimeout(header), { code: 'MALFORMED_REQUEST' }, header);
  assert.equal(formatTimeout(0.2), '1');
  assert.equal(formatTimeout(-5), '0');
  assert.equal(formatTimeout(1e15), '9999999999');
});

test('the input of a GET is JSON, plain or in either base64', () => {
  const base64 = Buffer.from('{"a":"??>>"}').toString('base64');
  const inputs = [
    `connect=v1&encoding=json&message=${encodeURIComponent('{"a":"??>>"}')}`,
    `connect=v1&encoding=json&base64=1&message=${encodeURIComponent(base64)}`,
    `connect=v1&encoding=json&base64=1&message=${Buffer.from('{"a":"??>>"}').toString('base64url')}`,
    `message=${encodeURIComponent('{"a":"??>>"}')}`,
  ];
  for (const query of inputs) assert.deepEqual(inputOfQuery(query), { a: '??>>' });
  assert.equal(inputOfQuery(''), undefined);
  assert.throws(() => inputOfQuery('message={'), { code: 'MALFORMED_REQUEST' });
  assert.throws(() => inputOfQuery('encoding=proto&message={}'), { code: 'UNSUPPORTED_MEDIA_TYPE' });
  assert.throws(() => inputOfQuery('compression=gzip&message={}'), { code: 'UNIMPLEMENTED' });
});
