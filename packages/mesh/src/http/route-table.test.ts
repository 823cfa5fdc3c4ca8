import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteTable } from './route-table.ts';

function table(...patterns: string[]): RouteTable<string> {
  const routes = new RouteTable<string>();
  for (const pattern of patterns) routes.add(pattern, pattern);
  return routes;
}

function found(routes: RouteTable<string>, method: string, path: string): string | undefined {
  const match = routes.find(method, path);
  return match && 'target' in match ? match.target : undefined;
}

function params(routes: RouteTable<string>, path: string): unknown {
  const match = routes.find('GET', path);
  return match && 'target' in match ? { ...match.params } : undefined;
}

test('a parameter is one whole segment, decoded', () => {
  const routes = table('GET /users/:id');
  assert.deepEqual(params(routes, '/users/7'), { id: '7' });
  assert.deepEqual(params(routes, '/users/Z%C3%BCrich%2FAG'), { id: 'Zürich/AG' });
  assert.equal(params(routes, '/users/'), undefined);
  assert.equal(params(routes, '/users/7/more'), undefined);
});

test('a parameter may stand between literals', () => {
  const routes = table('GET /badges/:repo.svg', 'GET /api/v:major/x');
  assert.deepEqual(params(routes, '/badges/goblin.svg'), { repo: 'goblin' });
  assert.deepEqual(params(routes, '/badges/a.b.svg'), { repo: 'a.b' });
  assert.equal(params(routes, '/badges/goblinxsvg'), undefined);
  assert.deepEqual(params(routes, '/api/v2/x'), { major: '2' });
});

test('a star takes the rest of the path, which may be empty', () => {
  const routes = table('GET /files/*');
  assert.deepEqual(params(routes, '/files/a/b'), { '*': 'a/b' });
  assert.deepEqual(params(routes, '/files/'), { '*': '' });
  assert.equal(params(routes, '/files'), undefined);
});

test('the most specific pattern wins, whatever the order of declaration', () => {
  const patterns = ['GET /*', 'GET /a/*', 'GET /a/:x', 'GET /a/:x.svg', 'GET /a/b'];
  for (const routes of [table(...patterns), table(...patterns.toReversed())]) {
    assert.equal(found(routes, 'GET', '/a/b'), 'GET /a/b');
    assert.equal(found(routes, 'GET', '/a/c.svg'), 'GET /a/:x.svg');
    assert.equal(found(routes, 'GET', '/a/c'), 'GET /a/:x');
    assert.equal(found(routes, 'GET', '/a/c/d'), 'GET /a/*');
    assert.equal(found(routes, 'GET', '/z'), 'GET /*');
  }
});

test('GET answers HEAD, unless HEAD has a route of its own', () => {
  const routes = table('GET /a', 'GET /b', 'HEAD /b');
  assert.equal(found(routes, 'HEAD', '/a'), 'GET /a');
  assert.equal(found(routes, 'HEAD', '/b'), 'HEAD /b');
});

test('a path that exists for other methods names them all', () => {
  const routes = table('GET /a/:x', 'POST /a/b', 'DELETE /a/:y');
  assert.deepEqual(routes.find('PUT', '/a/b'), { allowed: ['DELETE', 'GET', 'HEAD', 'POST'] });
  assert.equal(routes.find('PUT', '/b'), undefined);
});

test('a wider pattern answers the methods that a narrower one does not', () => {
  const routes = table('POST /a/b', 'GET /a/:x');
  assert.equal(found(routes, 'GET', '/a/b'), 'GET /a/:x');
});

test('a parameter that is not percent-encoded is malformed', () => {
  assert.throws(() => table('GET /a/:x').find('GET', '/a/%zz'), { code: 'MALFORMED_REQUEST' });
});

test('patterns that mean nothing are refused with what would be right', () => {
  for (const pattern of ['/a', 'get /a', 'GET a', 'GET /a/:x:y', 'GET /*/a', 'GET /:x/:x', 'GET /a b'])
    assert.throws(() => table(pattern), { code: 'CONFIG_INVALID' }, pattern);
  assert.throws(() => table('GET /a', 'GET /a'), { code: 'CONFIG_INVALID', message: /declared twice/ });
});
