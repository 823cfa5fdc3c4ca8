import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { normalPath, requestTarget } from './request-target.ts';

function request(url: string, hosts: string[] = ['shop.example.com'], httpVersion = '1.1'): IncomingMessage {
  return {
    url,
    httpVersion,
    headers: { host: hosts[0] },
    rawHeaders: hosts.flatMap((host) => ['Host', host]),
  } as unknown as IncomingMessage;
}

test('hosts are compared without case, port and final dot', () => {
  assert.equal(requestTarget(request('/', ['Shop.Example.COM.:8080'])).host, 'shop.example.com');
  assert.equal(requestTarget(request('/', ['[::1]:8080'])).host, '[::1]');
});

test('percent-encoding that is not needed does not lead past a route', () => {
  assert.equal(normalPath('/%6Cogin'), '/login');
  assert.equal(normalPath('/a%2fb'), '/a%2Fb');
});

test('the path is passed on as it came, with its query', () => {
  const target = requestTarget(request('/%6Cogin?next=%2F'));
  assert.equal(target.pathAndQuery, '/%6Cogin?next=%2F');
  assert.equal(target.path, '/login');
});

test('a whole URL as target is taken apart; its host counts (RFC 9112 section 3.2.2)', () => {
  const target = requestTarget(request('http://other.example.com/a?b', ['shop.example.com']));
  assert.equal(target.host, 'other.example.com');
  assert.equal(target.hostHeader, 'other.example.com');
  assert.equal(target.pathAndQuery, '/a?b');
  assert.equal(requestTarget(request('http://other.example.com')).pathAndQuery, '/');
});

test('targets that two servers could read differently are refused', () => {
  const refused: IncomingMessage[] = [
    ...[
      '/a/../b',
      '/a/%2e%2e/b',
      '/a/%2E./b',
      '/.',
      '/a\\b',
      '/a%5cb',
      '/a%00',
      '/100%',
      '/%2%65%2%65/a',
      '/a#b',
      '*',
      'host:443',
      'ftp://a/',
    ].map((url) => request(url)),
    request('/', []),
    request('/', ['a', 'a']),
    request('/', ['a@b']),
    request('/', ['a b']),
    request('/', ['a:80:80']),
  ];
  for (const one of refused) {
    assert.throws(
      () => requestTarget(one),
      (error) => isGoblinError(error, 'MALFORMED_REQUEST'),
      one.url,
    );
  }
});

test('HTTP/1.0 needs no Host', () => {
  assert.equal(requestTarget(request('/', [], '1.0')).host, '');
});
