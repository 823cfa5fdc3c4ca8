import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '@goblin/core';
import { EMPTY_SHA256, presignedUrl, type Signer, sha256, signedHeaders } from './signature.ts';

/** The examples of AWS: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
const signer: Signer = {
  region: 'us-east-1',
  credentials: {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
  },
};
const at = Date.UTC(2013, 4, 24);
const url = (path: string): URL => new URL(`https://examplebucket.s3.amazonaws.com${path}`);

function signatureOf(headers: Record<string, string>): string {
  return /Signature=([0-9a-f]{64})$/.exec(headers.authorization!)![1]!;
}

test('requests are signed as in the examples of AWS', () => {
  const get = { method: 'GET', url: url('/test.txt'), headers: { range: 'bytes=0-9' } };
  assert.equal(
    signatureOf(signedHeaders(signer, get, EMPTY_SHA256, at)),
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
  const put = {
    method: 'PUT',
    url: url('/test$file.text'),
    headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
  };
  assert.equal(
    signatureOf(signedHeaders(signer, put, sha256('Welcome to Amazon S3.'), at)),
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  );
  const lifecycle = { method: 'GET', url: url('/?lifecycle'), headers: {} };
  assert.equal(
    signatureOf(signedHeaders(signer, lifecycle, EMPTY_SHA256, at)),
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  );
  const list = { method: 'GET', url: url('/?max-keys=2&prefix=J'), headers: {} };
  assert.equal(
    signatureOf(signedHeaders(signer, list, EMPTY_SHA256, at)),
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
});

test('a URL is presigned as in the example of AWS', () => {
  assert.equal(
    presignedUrl(signer, { method: 'GET', url: url('/test.txt'), headers: {} }, 86_400, at),
    'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  );
});

test('temporary credentials are sent, and signed, with their token', () => {
  const temporary = { ...signer, credentials: { ...signer.credentials, sessionToken: new Secret('token') } };
  const request = { method: 'GET', url: url('/test.txt'), headers: {} };
  const headers = signedHeaders(temporary, request, EMPTY_SHA256, at);
  assert.equal(headers['x-amz-security-token'], 'token');
  assert.match(headers.authorization!, /SignedHeaders=[^,]*;x-amz-security-token,/);
  assert.match(presignedUrl(temporary, request, 60, at), /&X-Amz-Security-Token=token&/);
});
