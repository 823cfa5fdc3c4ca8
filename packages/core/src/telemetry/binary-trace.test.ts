import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TraceContext } from '../context.ts';
import { readTrace, TRACE_BYTES, writeTrace } from './binary-trace.ts';
import { formatTraceparent } from './propagation.ts';
import { testTelemetry } from './test-telemetry.ts';

const { tracer } = testTelemetry();

function crossed(trace: TraceContext, state?: string): TraceContext | undefined {
  const bytes = Buffer.alloc(TRACE_BYTES + 3);
  writeTrace(bytes, 3, trace);
  return readTrace(bytes, 3, state);
}

test('a trace crosses as bytes and is the same on the other side', () => {
  const plain = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true };
  for (const trace of [plain, { ...plain, sampled: false }, tracer.start('own').context]) {
    const read = crossed(trace, 'a=1')!;
    assert.equal(formatTraceparent(read), formatTraceparent(trace));
    assert.deepEqual([read.sampled, read.state], [trace.sampled, 'a=1']);
  }
});

test('a span below one that crossed belongs to its trace, and crosses in turn', () => {
  const caller = tracer.start('caller');
  const below = tracer.start('below', { parent: crossed(caller.context) });
  assert.equal(below.context.traceId, caller.context.traceId);
  assert.notEqual(below.context.spanId, caller.context.spanId);
  assert.equal(crossed(below.context)?.spanId, below.context.spanId);
});

test('an id of zeros is none', () => {
  const zeros = { traceId: '0'.repeat(32), spanId: 'b7ad6b7169203331', sampled: true };
  assert.equal(crossed(zeros), undefined);
  assert.equal(crossed({ ...zeros, traceId: '1'.repeat(32), spanId: '0'.repeat(16) }), undefined);
});

test('ids of spans are of the right form, and no two are the same', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 10_000; i++) {
    const { traceId, spanId } = tracer.start('x', { parent: null }).context;
    assert.match(`${traceId} ${spanId}`, /^[0-9a-f]{32} [0-9a-f]{16}$/);
    seen.add(traceId).add(spanId);
  }
  assert.equal(seen.size, 20_000);
});
