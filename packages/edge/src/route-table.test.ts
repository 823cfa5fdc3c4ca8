import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EdgeRoute, isGoblinError, virtualClock } from '@goblin/core';
import { routeTable } from './route-table.ts';

function tableOf(
  ...routes: (string | Partial<EdgeRoute>)[]
): (host: string, path: string) => string | undefined {
  const specs = routes.map((route) => ({
    path: '/*',
    to: 'a',
    ...(typeof route === 'string' ? { path: route } : route),
  }));
  const table = routeTable(specs, virtualClock());
  return (host, path) => table.match(host, path)?.label;
}

test('the first route that matches takes the request, whatever comes later', () => {
  const match = tableOf('/a/b', '/a/*', '/:any/b', '/*', '/a/never');
  assert.equal(match('', '/a/b'), '/a/b');
  assert.equal(match('', '/a/never'), '/a/*');
  assert.equal(match('', '/c/b'), '/:any/b');
  assert.equal(match('', '/c'), '/*');
});

test('a trailing * takes the path itself and everything below, but no longer name', () => {
  const match = tableOf('/pay/*');
  for (const path of ['/pay', '/pay/', '/pay/1/2']) assert.equal(match('', path), '/pay/*');
  for (const path of ['/', '/payments', '/PAY', '/x/pay']) assert.equal(match('', path), undefined);
});

test('a path without * takes itself, with a slash at the end or without', () => {
  const match = tableOf('/login', '/');
  assert.equal(match('', '/login'), '/login');
  assert.equal(match('', '/login/'), '/login');
  assert.equal(match('', '/'), '/');
  assert.equal(match('', '/login/x'), undefined);
});

test(':name takes exactly one segment that is not empty', () => {
  const match = tableOf('/users/:id/orders');
  assert.equal(match('', '/users/7/orders'), '/users/:id/orders');
  assert.equal(match('', '/users//orders'), undefined);
  assert.equal(match('', '/users/7/8/orders'), undefined);
});

test('a route with a host takes only that host; *. takes any name below it', () => {
  const match = tableOf({ host: 'shop.example.com' }, { host: '*.example.com' }, { path: '/open/*' });
  assert.equal(match('shop.example.com', '/'), 'shop.example.com/*');
  assert.equal(match('a.b.example.com', '/'), '*.example.com/*');
  assert.equal(match('example.com', '/'), undefined);
  assert.equal(match('evilexample.com', '/'), undefined);
  assert.equal(match('', '/open'), '/open/*');
});

test('every wrong route is reported, with its place', () => {
  assert.throws(
    () =>
      tableOf(
        '/ok',
        'no-slash',
        '/a/*/b',
        '/x:y/:',
        { path: '/l', limit: 'many' },
        { path: '/h', host: 'a b' },
        { path: '/../a' },
      ),
    (error) => {
      assert.ok(isGoblinError(error, 'CONFIG_INVALID'));
      for (const part of [
        '6 wrong routes',
        'routes[1] (no-slash)',
        'routes[2] (/a/*/b)',
        'routes[3]',
        '"many"',
        'host "a b"',
        'routes[6]',
      ]) {
        assert.ok(error.message.includes(part), `${part} is missing in:\n${error.message}`);
      }
      return true;
    },
  );
});

test('a limit that stays the same goes on counting when the routes are replaced', () => {
  const clock = virtualClock();
  const before = routeTable([{ path: '/a', to: 'a', limit: '1/m' }], clock);
  assert.equal(before.routes[0]!.limit!.take('').allowed, true);
  const after = routeTable(
    [
      { path: '/b', to: 'b' },
      { path: '/a', to: 'c', limit: '1/m' },
    ],
    clock,
    before,
  );
  assert.equal(after.routes[1]!.limit!.take('').allowed, false);
});
