import { after, test } from 'node:test';
import { blobStoreCases } from '../../fixtures/blob-store-cases.ts';
import { noSwift, swiftServer } from '../../fixtures/swift-server.ts';
import { s3Store } from './s3-store.ts';

if (noSwift === undefined) {
  const server = await swiftServer();
  after(() => server[Symbol.asyncDispose]());
  let stores = 0;
  blobStoreCases('S3', async () => {
    const store = await s3Store({ ...server.options, prefix: `case-${++stores}` });
    after(() => store.close());
    return store;
  });
} else test('S3 does what every store does', { skip: noSwift });
