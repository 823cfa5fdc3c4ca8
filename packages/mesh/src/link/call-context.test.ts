import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation, type ContextValues, rootContext, testTelemetry } from '@goblin/core';
import { encodeAttributes } from './call-attributes.ts';
import { contextLength, FIXED_BYTES, flagsOf, readContext, writeContext } from './call-context.ts';
import { LinkViolation } from './violation.ts';

const ALLOWED_MS = 700;

function encode(values: ContextValues, now: number): { bytes: Buffer; flags: number } {
  const attributes = encodeAttributes(values);
  const fixed = Buffer.alloc(FIXED_BYTES);
  const end = writeContext(fixed, 0, values, now);
  const parts = [fixed.subarray(0, end), ...(attributes ? [attributes] : [])];
  return { bytes: Buffer.concat(parts), flags: flagsOf(values, attributes) };
}

function decode(bytes: Buffer, flags: number, now: number): ContextValues {
  assert.equal(contextLength(bytes, 0, bytes.length, flags), bytes.length);
  return readContext(bytes, 0, flags, new Cancellation(), now, ALLOWED_MS);
}

const full: ContextValues = {
  deadline: 1_250.5,
  cancellation: new Cancellation(),
  trace: {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: '00f067aa0ba902b7',
    sampled: true,
    state: 'vendor=1',
  },
  baggage: new Map([['basket', 'two words, ü']]),
  tenant: 'Zürich AG',
  actor: 'user:7',
  requestId: 'request-1',
  priority: 'batch',
};

test('everything that a context holds crosses a link', () => {
  const { bytes, flags } = encode(full, 1_000);
  const read = decode(bytes, flags, 5_000);
  assert.equal(read.deadline, 5_251);
  const { traceId, spanId, sampled, state } = read.trace!;
  assert.deepEqual({ traceId, spanId, sampled, state }, full.trace);
  assert.deepEqual(read.baggage, full.baggage);
  assert.deepEqual([read.tenant, read.actor, read.requestId], [full.tenant, full.actor, full.requestId]);
  assert.equal(read.priority, 'batch');
});

test('what is absent takes no bytes; without a time of its own the call has what its procedure allows', () => {
  const { bytes, flags } = encode(rootContext, 0);
  assert.deepEqual([bytes.length, flags], [0, 0]);
  assert.equal(decode(bytes, flags, 100).deadline, 100 + ALLOWED_MS);
  const timed = encode({ ...rootContext, deadline: 10 }, 0);
  assert.equal(timed.bytes.length, 4);
});

test("a span of the platform's own tracer crosses as bytes, and its child on the other side is of the same trace", () => {
  const span = testTelemetry().tracer.start('call');
  const { bytes, flags } = encode({ ...rootContext, trace: span.context }, 0);
  const { trace } = decode(bytes, flags, 0);
  assert.deepEqual([trace?.traceId, trace?.spanId], [span.context.traceId, span.context.spanId]);
  const child = testTelemetry().tracer.start('below', { parent: trace });
  assert.equal(child.context.traceId, span.context.traceId);
});

test('a deadline that has passed is nought, one in the far future as good as the longest', () => {
  assert.equal(decodeDeadline(-50), 0);
  assert.equal(decodeDeadline(1e12), 0xffff_ffff);
});

function decodeDeadline(deadline: number): number {
  const { bytes, flags } = encode({ ...rootContext, deadline }, 0);
  return decode(bytes, flags, 0).deadline;
}

test('a trace of zeros is none', () => {
  assert.equal(decode(Buffer.alloc(25), 2, 0).trace, undefined);
});

test('what is malformed in baggage, trace state or request id is left out, unknown keys are passed over', () => {
  const entry = (key: number, value: string): Buffer =>
    Buffer.concat([Buffer.from([key, 0, value.length]), Buffer.from(value)]);
  const list = Buffer.concat([
    entry(1, '=,,='),
    entry(2, '<>'),
    entry(5, 'two words'),
    entry(99, 'from the future'),
    entry(3, 'acme'),
  ]);
  const bytes = Buffer.concat([Buffer.from([0, list.length]), list]);
  const read = decode(bytes, 4, 0);
  assert.deepEqual(
    [read.trace, read.baggage, read.requestId, read.tenant],
    [undefined, undefined, undefined, 'acme'],
  );
});

test('a context that is cut anywhere breaks the protocol and is never read beyond its frame', () => {
  const { bytes, flags } = encode(full, 1_000);
  const followed = Buffer.concat([bytes, Buffer.alloc(64, 0xff)]);
  for (let end = 0; end < bytes.length; end++)
    assert.throws(() => contextLength(followed, 0, end, flags), LinkViolation, `cut at ${end}`);
});

test('attributes that go beyond their list break the protocol', () => {
  for (const list of [[3], [3, 0], [3, 0, 2, 65]])
    assert.throws(() => decode(Buffer.from([0, list.length, ...list]), 4, 0), LinkViolation);
});

test('flags that nobody knows break the protocol', () => {
  for (let flags = 8; flags < 256; flags++)
    assert.throws(() => contextLength(Buffer.alloc(300), 0, 300, flags), LinkViolation);
});

test('a context that is too long is refused before it is sent', () => {
  assert.throws(() => encodeAttributes({ ...rootContext, tenant: 'x'.repeat(20_000) }), {
    code: 'HEADERS_TOO_LARGE',
  });
});
