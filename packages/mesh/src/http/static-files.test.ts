import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { openHandles } from '../testing/open-handles.ts';
import { rawClient } from '../testing/raw-client.ts';
import { type ServedProbe, serveProbe } from '../testing/serve-probe.ts';
import { until } from '../testing/until.ts';

const PAGE = '<h1>Hello</h1>';
const MODIFIED = new Date('2026-01-02T03:04:05.678Z');

interface ServedFiles extends AsyncDisposable {
  readonly served: ServedProbe;
  readonly folder: string;
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Response>;
}

async function serveFiles(): Promise<ServedFiles> {
  const root = await mkdtemp(join(tmpdir(), 'goblin-files-'));
  const folder = join(root, 'public');
  await mkdir(join(folder, 'docs', '.git'), { recursive: true });
  await writeFile(join(root, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'index.html'), PAGE);
  await writeFile(join(folder, 'docs', 'index.html'), 'docs');
  await writeFile(join(folder, 'docs', '.git', 'config'), 'secret');
  await writeFile(join(folder, '.env'), 'secret');
  await writeFile(join(folder, 'ünï code.txt'), 'named');
  await writeFile(join(folder, 'app.3f9a1c2e.js'), 'js');
  await writeFile(join(folder, 'big.bin'), Buffer.alloc(5_000_000, 1));
  await writeFile(join(folder, 'page.css'), 'plain');
  await writeFile(join(folder, 'page.css.br'), brotliCompressSync('plain'));
  await writeFile(join(folder, 'page.css.gz'), gzipSync('plain'));
  await symlink(join(root, 'secret.txt'), join(folder, 'escape.txt'));
  await symlink(root, join(folder, 'outside'));
  await symlink(join(folder, '.env'), join(folder, 'dotted.txt'));
  await symlink('index.html', join(folder, 'alias.html'));
  await utimes(join(folder, 'index.html'), MODIFIED, MODIFIED);
  const served = await serveProbe({ files: { '/': folder, '/assets': join(folder, 'docs') } });
  return {
    served,
    folder,
    get: (path, headers = {}, method = 'GET') =>
      fetch(served.url + path, {
        headers: { 'accept-encoding': 'identity', ...headers },
        method,
        redirect: 'manual',
      }),
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await rm(root, { recursive: true });
    },
  };
}

test('a file comes with type, length and validators', async () => {
  await using files = await serveFiles();
  const response = await files.get('/index.html');
  assert.equal(response.status, 200);
  assert.equal(await response.text(), PAGE);
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(response.headers.get('content-length'), String(PAGE.length));
  assert.equal(response.headers.get('last-modified'), 'Fri, 02 Jan 2026 03:04:05 GMT');
  assert.equal(response.headers.get('cache-control'), 'public, no-cache');
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.match(response.headers.get('etag')!, /^"[a-z0-9-]+"$/);
});

test('HEAD tells the same without the bytes', async () => {
  await using files = await serveFiles();
  const response = await files.get('/big.bin', {}, 'HEAD');
  assert.equal(response.headers.get('content-length'), '5000000');
  assert.equal(await response.text(), '');
});

test('a file with a hash in its name may be kept', async () => {
  await using files = await serveFiles();
  const response = await files.get('/app.3f9a1c2e.js');
  assert.equal(response.headers.get('cache-control'), 'public, max-age=31536000, immutable');
});

test('what the client has already is not sent again', async () => {
  await using files = await serveFiles();
  const etag = (await files.get('/index.html')).headers.get('etag')!;
  for (const headers of [
    { 'if-none-match': etag },
    { 'if-none-match': `"other", W/${etag}` },
    { 'if-none-match': '*' },
    { 'if-modified-since': 'Fri, 02 Jan 2026 03:04:05 GMT' },
  ]) {
    const response = await files.get('/index.html', headers);
    assert.equal(response.status, 304, JSON.stringify(headers));
    assert.equal(response.headers.get('etag'), etag);
  }
  assert.equal((await files.get('/index.html', { 'if-none-match': '"other"' })).status, 200);
  assert.equal(
    (await files.get('/index.html', { 'if-modified-since': 'Fri, 02 Jan 2026 03:04:04 GMT' })).status,
    200,
  );
});

test('one range is sent as a part', async () => {
  await using files = await serveFiles();
  const part = await files.get('/index.html', { range: 'bytes=4-8' });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), `bytes 4-8/${PAGE.length}`);
  assert.equal(await part.text(), PAGE.slice(4, 9));
  const beyond = await files.get('/index.html', { range: 'bytes=100-' });
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers.get('content-range'), `bytes */${PAGE.length}`);
  const etag = part.headers.get('etag')!;
  assert.equal((await files.get('/index.html', { range: 'bytes=0-1', 'if-range': etag })).status, 206);
  assert.equal((await files.get('/index.html', { range: 'bytes=0-1', 'if-range': '"old"' })).status, 200);
});

test('a folder’s page is its index, under a path that ends with a slash', async () => {
  await using files = await serveFiles();
  assert.equal(await (await files.get('/')).text(), PAGE);
  assert.equal(await (await files.get('/docs/')).text(), 'docs');
  const redirected = await files.get('/docs');
  assert.equal(redirected.status, 308);
  assert.equal(redirected.headers.get('location'), '/docs/');
  assert.equal((await files.get('/assets')).headers.get('location'), '/assets/');
  assert.equal(await (await files.get('/assets/')).text(), 'docs');
});

test('the compressed file is sent to who takes it', async () => {
  await using files = await serveFiles();
  const encodings: [string, string | null][] = [
    ['gzip, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['identity', null],
  ];
  for (const [accepted, sent] of encodings) {
    const response = await files.get('/page.css', { 'accept-encoding': accepted });
    assert.equal(response.headers.get('content-encoding'), sent, accepted);
    assert.equal(response.headers.get('content-type'), 'text/css; charset=utf-8');
    assert.equal(response.headers.get('vary'), 'accept-encoding');
    assert.equal(await response.text(), 'plain');
  }
});

test('a name may have any letters', async () => {
  await using files = await serveFiles();
  assert.equal(await (await files.get(`/${encodeURIComponent('ünï code.txt')}`)).text(), 'named');
});

test('a link within the folder is followed', async () => {
  await using files = await serveFiles();
  assert.equal(await (await files.get('/alias.html')).text(), PAGE);
});

test('nothing outside the folder and nothing hidden is ever sent', async () => {
  await using files = await serveFiles();
  const targets = [
    '/../secret.txt',
    '/docs/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/docs/..%00/secret.txt',
    '/escape.txt',
    '/outside/secret.txt',
    '/outside',
    '/.env',
    '/%2eenv',
    '/docs/.git/config',
    '/dotted.txt',
    '//etc/passwd',
    '/index.html/',
    '/index.html%00.txt',
    '/assets/../.env',
    '/assets../index.html',
    '/nothing',
  ];
  for (const target of targets) {
    using client = await rawClient(files.served.server.port);
    client.send(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    const received = await client.end();
    assert.match(received, /^HTTP\/1\.1 404/, `${target}: ${received}`);
    assert.doesNotMatch(received, /secret\r|^secret/m, target);
  }
});

test('a file cannot be written to', async () => {
  await using files = await serveFiles();
  const response = await files.get('/index.html', {}, 'DELETE');
  assert.equal(response.status, 405);
  assert.equal(response.headers.get('allow'), 'GET, HEAD');
});

test('a client that leaves in the middle leaves nothing open', async () => {
  await using files = await serveFiles();
  const before = openHandles().sockets;
  for (let i = 0; i < 10; i++) {
    const client = await rawClient(files.served.server.port);
    client.send('GET /big.bin HTTP/1.1\r\nhost: x\r\n\r\n');
    await client.receive('HTTP/1.1 200');
    client.socket.resetAndDestroy();
  }
  await until(() => openHandles().sockets <= before, 'its connections are closed');
  const response = await files.get('/big.bin');
  assert.equal((await response.arrayBuffer()).byteLength, 5_000_000);
});
