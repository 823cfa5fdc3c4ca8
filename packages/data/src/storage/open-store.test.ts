import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createConfig, createRuntime, testTelemetry } from '@goblin/core';
import { contentOf, partsOf } from '../fixtures/blob-store-cases.ts';
import { noSwift, swiftServer } from '../fixtures/swift-server.ts';
import { blobStore, openBlobStore } from './open-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'goblin-open-'));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'secrets'));

test('a folder is a store, however it is named', async () => {
  const { read } = createConfig({ service: 'test', env: {} });
  for (const location of ['some/blobs', join(folder, 'blobs'), pathToFileURL(join(folder, 'url')).href]) {
    const store = await openBlobStore(location, read, { cwd: folder });
    await store.put('a', partsOf(Buffer.from('a')));
    assert.match(store.where, new RegExp(`^the folder ${folder}/`));
  }
});

test('what is no place for blobs is refused with what would be', async () => {
  const { read } = createConfig({ service: 'test', env: {} });
  for (const location of ['ftp://host/blobs', 's3://', 's3://bucket?regoin=x', 's3:bucket'])
    await assert.rejects(openBlobStore(location, read), {
      code: 'INVALID_INPUT',
      message: /name a folder.*s3:\/\//,
    });
  await assert.rejects(openBlobStore('s3://bucket', read), {
    code: 'CONFIG_INVALID',
    message: /S3_ACCESS_KEY_ID[\s\S]*S3_SECRET_ACCESS_KEY/,
  });
});

test('as a module it opens what BLOB_STORE names, in the data folder where nothing does', async () => {
  const runtime = (env: Record<string, string>) =>
    createRuntime({
      service: 'shop',
      instance: 'shop-1',
      telemetry: testTelemetry(),
      config: createConfig({ service: 'shop', env }).read,
      dataFolder: folder,
      stopping: new AbortController().signal,
    });
  await using plain = runtime({});
  assert.equal((await plain.use(blobStore())).where, `the folder ${join(folder, 'blobs')}`);
});

test('an S3 service by its URL, with credentials from files', { skip: noSwift ?? false }, async () => {
  await using server = await swiftServer();
  const { bucket, endpoint, credentials } = server.options;
  writeFileSync(join(folder, 'secrets', 's3_access_key_id'), credentials.accessKeyId);
  writeFileSync(join(folder, 'secrets', 's3_secret_access_key'), credentials.secretAccessKey.reveal());
  const env = { GOBLIN_SECRETS: join(folder, 'secrets') };
  const { read } = createConfig({ service: 'shop', env });
  const store = await openBlobStore(`s3://${bucket}/shop/files/?endpoint=${endpoint}`, read);
  await store.put('a', partsOf(Buffer.from('hello')));
  assert.equal((await contentOf(store.get('a'))).toString(), 'hello');
  assert.match(store.where, /^the bucket test-bucket \(below shop\/files\) at 127\.0\.0\.1:\d+$/);
});
