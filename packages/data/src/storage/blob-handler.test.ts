import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Secret, virtualClock } from '@goblin/core';
import { contentOf, partsOf } from '../fixtures/blob-store-cases.ts';
import { blobHandler } from './blob-handler.ts';
import { directoryStore } from './directory-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'goblin-blobs-'));
after(() => rmSync(folder, { recursive: true }));
const clock = virtualClock();
const links = { url: 'https://shop.example.com/files/', key: new Secret('a key of 16 chars'), clock };
const store = await directoryStore(folder, { links });
const handle = blobHandler(store, links, { maxPutBytes: 1_000 });
const answer = (url: string, init?: RequestInit): Promise<Response> => handle(new Request(url, init));

test('a link gets the blob as it was put, whole or in part', async () => {
  const bytes = Buffer.from('0123456789');
  await store.put('a/b.txt', partsOf(bytes), { contentType: 'text/plain' });
  const url = await store.presign('a/b.txt');
  assert.match(url, /^https:\/\/shop\.example\.com\/files\/a\/b\.txt\?/);
  const whole = await answer(url);
  assert.deepEqual([whole.status, await whole.text()], [200, '0123456789']);
  assert.equal(whole.headers.get('content-type'), 'text/plain');
  assert.equal(whole.headers.get('content-length'), '10');
  assert.equal(whole.headers.get('x-content-type-options'), 'nosniff');
  assert.match(whole.headers.get('content-security-policy')!, /sandbox/);
  for (const [range, status, text, contentRange] of [
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-500', 206, '56789', 'bytes 5-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=1-2,4-5', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
  ] as const) {
    const part = await answer(url, { headers: { range } });
    assert.deepEqual(
      [part.status, await part.text(), part.headers.get('content-range')],
      [status, text, contentRange],
    );
  }
  const head = await answer(url, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text(), head.headers.get('content-length')], [200, '', '10']);
  await store.delete('a/b.txt');
  await assert.rejects(answer(url), { code: 'NOT_FOUND' });
});

test('a link puts what it says, and nothing else', async () => {
  const url = await store.presign('new', { method: 'PUT', contentType: 'image/png', size: 3 });
  const headers = { 'content-type': 'image/png' };
  const put = (body: string, more: RequestInit = {}): Promise<Response> =>
    answer(url, { method: 'PUT', headers, body, ...more });
  assert.equal((await put('png')).status, 200);
  assert.equal((await contentOf(store.get('new'))).toString(), 'png');
  assert.equal((await store.info('new'))!.contentType, 'image/png');
  await assert.rejects(put('longer'), { code: 'PAYLOAD_TOO_LARGE' });
  await assert.rejects(put('a'), { code: 'INVALID_INPUT' });
  await assert.rejects(put('png', { headers: { 'content-type': 'text/html' } }), { code: 'INVALID_INPUT' });
  assert.equal((await contentOf(store.get('new'))).toString(), 'png', 'what failed has left what was there');
  const any = await store.presign('any', { method: 'PUT' });
  await assert.rejects(answer(any, { method: 'PUT', body: 'x'.repeat(1_001) }), {
    code: 'PAYLOAD_TOO_LARGE',
  });
  await assert.rejects(answer(any), { code: 'METHOD_NOT_ALLOWED' });
});

test('no link can be changed into another one, nor used when it has run out', async () => {
  await store.put('mine', partsOf(Buffer.from('mine')));
  await store.put('yours', partsOf(Buffer.from('yours')));
  const url = await store.presign('mine', { expires: '1m' });
  const changed = (change: (query: URLSearchParams) => void): string => {
    const other = new URL(url);
    change(other.searchParams);
    return other.href;
  };
  for (const wrong of [
    url.replace('/mine', '/yours'),
    changed((query) => query.set('method', 'PUT')),
    changed((query) => query.set('expires', '99999999999')),
    changed((query) => query.append('expires', '99999999999')),
    changed((query) => query.set('size', '5')),
    changed((query) => query.delete('signature')),
    changed((query) => query.set('signature', 'AAAA')),
  ])
    await assert.rejects(answer(wrong), { code: 'FORBIDDEN' }, wrong);
  for (const path of [
    '/files/../mine',
    '/files/.incoming/x',
    '/files/%2e%2e/mine',
    '/files/%ff',
    '/other/mine',
  ])
    await assert.rejects(answer(`https://shop.example.com${path}${new URL(url).search}`), {
      code: 'NOT_FOUND',
    });
  assert.equal((await answer(url.replace('https://shop.example.com', 'http://10.0.0.7:4100'))).status, 200);
  await clock.advance(61_000);
  await assert.rejects(answer(url), { code: 'FORBIDDEN', message: /run out/ });
});

test('a store without an address makes no links, and a key too short to be one is refused', async () => {
  await assert.rejects((await directoryStore(folder)).presign('a'), { code: 'FAILED_PRECONDITION' });
  const weak = await directoryStore(folder, { links: { ...links, key: new Secret('short') } });
  await assert.rejects(weak.presign('a'), { code: 'CONFIG_INVALID' });
});
