import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headers, type MsgHdrs } from '@nats-io/nats-core';
import { MAX_PAYLOAD_BYTES } from '../events/event.ts';
import { originOf, readHeaders, readPayload, writeHeaders } from './message.ts';

const SITE = '6f1c1b0e-7d6a-4f0e-9d9b-0a4c9f0f1a2b';
const ROW = {
  ...{ xid: '741', id: 9, version: 3, key: 'a b', payload: {}, source: 'shop', tenant: 'acmé' },
  published_at: new Date(1_700_000_000_123),
  traceparent: null,
};
const TRACE = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), sampled: true };

function written(changes: Readonly<Record<string, string>> = {}): MsgHdrs {
  const all = writeHeaders(headers(), 'test.counted.v1', originOf(SITE, ROW), ROW, TRACE, 41);
  for (const [name, value] of Object.entries(changes)) all.set(name, value);
  return all;
}

test('what is written of an event is read as it was', () => {
  const all = written();
  assert.equal(all.get('Nats-Msg-Id'), `${SITE}-9-1700000000123`);
  assert.equal(all.get('Nats-Expected-Last-Sequence'), '41');
  assert.deepEqual(readHeaders(all), {
    ...{ site: SITE, event: 9, publishedMs: 1_700_000_000_123, xid: '741', type: 'test.counted.v1' },
    ...{ version: 3, key: 'a b', tenant: 'acmé' },
    traceparent: `00-${TRACE.traceId}-${TRACE.spanId}-01`,
  });
});

test('headers that another site has made up are refused', () => {
  const wrong: Record<string, string>[] = [
    { 'ce-id': '' },
    { 'ce-id': `${SITE}-9` },
    { 'ce-id': `${SITE}-9007199254740993-1` },
    { 'ce-id': `${'x'.repeat(36)}-9-1` },
    { 'goblin-xid': '-1' },
    { 'goblin-xid': '1; drop' },
    { 'goblin-version': '0' },
    { 'goblin-version': '1e99' },
    { 'goblin-version': 'two' },
    { 'goblin-tenant': '%ff' },
    { 'goblin-tenant': 'a%00b' },
    { 'goblin-tenant': 'x'.repeat(257) },
    { 'ce-partitionkey': 'x'.repeat(513) },
  ];
  for (const changes of wrong)
    assert.throws(
      () => readHeaders(written(changes)),
      { code: 'MALFORMED_REQUEST' },
      JSON.stringify(changes),
    );
  assert.throws(() => readHeaders(undefined), { code: 'MALFORMED_REQUEST' });
});

test('a payload that is no JSON or too large is refused', () => {
  assert.deepEqual(readPayload(Buffer.from('{"n":1}')), { n: 1 });
  assert.throws(() => readPayload(Buffer.from('{')), { code: 'MALFORMED_REQUEST' });
  assert.throws(() => readPayload(Buffer.from([0x22, 0xff, 0x22])), { code: 'MALFORMED_REQUEST' });
  const long = Buffer.alloc(MAX_PAYLOAD_BYTES + 1, '1');
  assert.throws(() => readPayload(long), { code: 'PAYLOAD_TOO_LARGE' });
});
