import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, test } from 'node:test';
import { Cancellation, context, Secret } from '@goblin/core';
import { contentOf, partsOf } from '../../fixtures/blob-store-cases.ts';
import { until } from '../../fixtures/processes.ts';
import { type Fault, noSwift, swiftServer } from '../../fixtures/swift-server.ts';
import { S3Client } from './client.ts';
import { FIRST_PART_BYTES } from './parts.ts';
import { type S3Store, s3Store } from './s3-store.ts';
import { elements } from './xml.ts';

const needsSwift = { skip: noSwift ?? false };
const server = noSwift === undefined ? await swiftServer() : undefined;
const store: S3Store | undefined = server && (await s3Store({ ...server.options, prefix: 'shop/files' }));
after(async () => {
  await store?.close();
  await server?.[Symbol.asyncDispose]();
});
afterEach(() => {
  if (server) server.fault = undefined;
});

const large = randomBytes(2 * FIRST_PART_BYTES + 1_000_003);

/** In pieces that fit no part. */
async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 777_777) yield bytes.subarray(at, at + 777_777);
}

/** The same fault so many times, for requests that fit. */
function times(count: number, fault: Fault, fits: (method: string, url: URL) => boolean = () => true): void {
  let left = count;
  server!.fault = (method, url) => (fits(method, url) && left-- > 0 ? fault : undefined);
}

async function uploads(): Promise<number> {
  const client = new S3Client(server!.options);
  const { text } = await client.request({ method: 'GET', key: '', query: { uploads: '' } });
  await client.close();
  return elements(text, 'Upload').length;
}

test('a stream of unknown length goes in parts, and comes back as it was', needsSwift, async () => {
  const info = await store!.put('large', pieces(large), { contentType: 'application/zip' });
  assert.equal(info.size, large.length);
  assert.equal((await store!.info('large'))!.contentType, 'application/zip');
  assert.ok((await contentOf(store!.get('large'))).equals(large));
  const range = { start: FIRST_PART_BYTES - 10, end: FIRST_PART_BYTES + 10 };
  assert.ok((await contentOf(store!.get('large', range))).equals(large.subarray(range.start, range.end)));
  // Exactly one part, and one byte more.
  for (const size of [FIRST_PART_BYTES, FIRST_PART_BYTES + 1]) {
    await store!.put('edge', pieces(large.subarray(0, size)));
    assert.ok((await contentOf(store!.get('edge'))).equals(large.subarray(0, size)));
  }
  assert.equal(await uploads(), 0);
});

test('a service that is busy, or loses answers, is asked again', needsSwift, async () => {
  const small = Buffer.from('small');
  for (const fault of [{ answer: 503 }, { answer: 429 }, 'lose the answer'] as const) {
    times(2, fault);
    await store!.put('small', partsOf(small));
    times(2, fault);
    assert.ok((await contentOf(store!.get('small'))).equals(small));
    times(2, fault);
    assert.equal((await store!.info('small'))!.size, 5);
    times(2, fault);
    assert.equal((await Array.fromAsync(store!.list('small'))).length, 1);
    times(2, fault);
    await store!.delete('small');
    assert.equal(await store!.info('small'), undefined);
  }
});

test('an upload whose end was not heard of has come to its end', needsSwift, async () => {
  times(1, 'lose the answer', (method, url) => method === 'POST' && url.searchParams.has('uploadId'));
  await store!.put('large', pieces(large));
  times(1, 'lose the answer', (method, url) => method === 'PUT' && url.searchParams.has('partNumber'));
  await store!.put('large', pieces(large));
  assert.ok((await contentOf(store!.get('large'))).equals(large));
});

test('a download that breaks goes on from where it was', needsSwift, async () => {
  await store!.put('large', pieces(large));
  times(5, { cutAfter: 1_000_000 }, (method) => method === 'GET');
  assert.ok((await contentOf(store!.get('large'))).equals(large));
  times(2, { cutAfter: 10 }, (method) => method === 'GET');
  const range = { start: 100, end: 200_000 };
  assert.ok((await contentOf(store!.get('large', range))).equals(large.subarray(100, 200_000)));
});

test('a download of what is replaced meanwhile is no mixture of both', needsSwift, async () => {
  await store!.put('large', pieces(large));
  let isReplaced: Promise<unknown> | undefined;
  const read: Uint8Array[] = [];
  times(1, { cutAfter: 1_000_000 }, (method) => method === 'GET');
  await assert.rejects(
    async () => {
      for await (const chunk of store!.get('large')) {
        read.push(chunk);
        isReplaced ??= store!.put('large', pieces(Buffer.alloc(large.length)));
        await isReplaced;
      }
    },
    { code: 'CONFLICT' },
  );
  const seen = Buffer.concat(read);
  assert.ok(seen.equals(large.subarray(0, seen.length)));
});

test('a byte that has changed in the service is damage', needsSwift, async () => {
  for (const content of [large.subarray(0, 100_000), large]) {
    await store!.put('damaged', pieces(content));
    const file = server!.files().findLast((name) => readFileSync(name).length > 50_000)!;
    const bytes = readFileSync(file);
    bytes[50_000]! ^= 1;
    writeFileSync(file, bytes);
    await assert.rejects(contentOf(store!.get('damaged')), {
      code: 'DATA_DAMAGED',
      message: /damaged in the bucket/,
    });
  }
});

test(
  'a put that fails in the middle, or that nobody waits for any more, leaves nothing',
  needsSwift,
  async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* pieces(large);
      throw new Error('no more');
    }
    await assert.rejects(store!.put('none', failing()), { message: 'no more' });
    const cancellation = new Cancellation();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield large;
    }
    const put = context.run({ cancellation }, () => store!.put('none', endless()));
    await until(() => (server!.requests.get('PUT') ?? 0) > 0);
    await until(async () => (await uploads()) === 1);
    cancellation.cancel(new Error('left'));
    await assert.rejects(put);
    assert.equal(await uploads(), 0);
    assert.equal(await store!.info('none'), undefined);
  },
);

test('what is wrong is said with what to do', needsSwift, async () => {
  const { credentials } = server!.options;
  const wrong = { ...credentials, secretAccessKey: new Secret('wrong') };
  for (const [options, message] of [
    [{ credentials: wrong }, /the secret access key, or the region, is wrong \(403 SignatureDoesNotMatch\)/],
    [{ credentials: { ...credentials, accessKeyId: 'test:nobody' } }, /key is not known|not allow|is wrong/],
    [{ bucket: 'no-such-bucket' }, /no-such-bucket at .* there is no such bucket: create it first/],
    [{ endpoint: 'http://127.0.0.1:1' }, /127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/],
  ] as const)
    await assert.rejects(s3Store({ ...server!.options, ...options }), { code: 'STORE_UNAVAILABLE', message });
  for (const options of [{ bucket: 'Not_a_bucket' }, { endpoint: 'minio:9000' }, { prefix: '../up' }])
    await assert.rejects(s3Store({ ...server!.options, ...options }), { code: 'INVALID_INPUT' });
});

test('a presigned URL lets whoever has it get or put this blob, and no other', needsSwift, async () => {
  const put = await store!.presign('given', { method: 'PUT', contentType: 'text/plain', size: 5 });
  const headers = { 'content-type': 'text/plain' };
  assert.equal((await fetch(put, { method: 'PUT', headers, body: 'hello' })).status, 200);
  const get = await store!.presign('given', { expires: '1m' });
  const answer = await fetch(get);
  assert.deepEqual([await answer.text(), answer.headers.get('content-type')], ['hello', 'text/plain']);
  assert.equal((await contentOf(store!.get('given'))).toString(), 'hello');
  for (const [url, init] of [
    [get.replace('given', 'large'), {}],
    [get.replace('Expires=60', 'Expires=600'), {}],
    [get, { method: 'PUT', body: 'mine' }],
    [put, { method: 'PUT', headers: { 'content-type': 'text/html' }, body: 'hello' }],
    [put, { method: 'PUT', headers, body: 'longer' }],
  ] as const)
    assert.equal((await fetch(url, init)).status, 403, url);
  await assert.rejects(store!.presign('given', { expires: '8d' }), { code: 'INVALID_INPUT' });
});

test('where a service knows conditional writes, who comes second is told so', needsSwift, async () => {
  // Swift does not know them; here somebody answers for it who does.
  const there = new Set<string>();
  server!.fault = (method, { pathname }, headers) => {
    if (method !== 'PUT') return undefined;
    const isRefused = headers['if-none-match'] === '*' && there.has(pathname);
    there.add(pathname);
    return { answer: isRefused ? 412 : 200 };
  };
  await using other = await s3Store({ ...server!.options, prefix: 'conditional' });
  const put = (): Promise<unknown> => other.put('lock', partsOf(Buffer.from('mine')), { ifAbsent: true });
  await put();
  await assert.rejects(put(), { code: 'ALREADY_EXISTS', message: /has a blob lock already/ });
});
