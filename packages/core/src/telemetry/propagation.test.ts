import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tracerOf } from './light-tracer.ts';
import { formatTraceparent, MAX_TRACESTATE_LENGTH, parseTrace } from './propagation.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const valid = `00-${traceId}-${spanId}-01`;

function stateOf(tracestate: string): string | undefined {
  return parseTrace(valid, tracestate)?.state;
}

test('a traceparent is read and written', () => {
  const trace = parseTrace(valid);
  assert.deepEqual(trace, { traceId, spanId, sampled: true, state: undefined });
  assert.equal(formatTraceparent(trace!), valid);
  assert.equal(parseTrace(`00-${traceId}-${spanId}-00`)?.sampled, false);
});

test('what our own spans write is read back', () => {
  for (let i = 0; i < 1_000; i++) {
    const { context } = tracerOf().start('x', { parent: null });
    const { traceId, spanId, sampled } = context;
    assert.deepEqual(parseTrace(formatTraceparent(context)), { traceId, spanId, sampled, state: undefined });
  }
});

test('only the sampled flag is looked at', () => {
  assert.equal(parseTrace(`00-${traceId}-${spanId}-ff`)?.sampled, true);
  assert.equal(parseTrace(`00-${traceId}-${spanId}-fe`)?.sampled, false);
});

test('a later version is read as far as it is known', () => {
  assert.equal(parseTrace(`cc-${traceId}-${spanId}-01`)?.traceId, traceId);
  assert.equal(parseTrace(`cc-${traceId}-${spanId}-01-what-comes-later`)?.spanId, spanId);
  assert.equal(parseTrace(`cc-${traceId}-${spanId}-01.what`), undefined);
});

test('a malformed traceparent is as if it were absent', () => {
  const malformed = [
    '',
    '00',
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `0-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}-0g`,
    `00-${traceId}-${spanId}-01-`,
    `00-${traceId}-${spanId}-01-later`,
    `00_${traceId}_${spanId}_01`,
    ` ${valid}`,
    `${valid} `,
    `${valid},${valid}`,
    `cc-${traceId}-${spanId}-01-${'x'.repeat(10_000)}`,
  ];
  for (const header of malformed) assert.equal(parseTrace(header), undefined, JSON.stringify(header));
  assert.equal(parseTrace(undefined), undefined);
  assert.equal(parseTrace(null), undefined);
});

test('any change of one character gives another valid context or none, never an error', () => {
  const replacements = ['', '0', 'f', 'g', 'A', '-', ' ', ',', '\0', 'é', '\ud800'];
  for (let at = 0; at < valid.length; at++) {
    for (const replacement of replacements) {
      const trace = parseTrace(valid.slice(0, at) + replacement + valid.slice(at + 1));
      if (!trace) continue;
      assert.match(trace.traceId, /^(?!0{32})[0-9a-f]{32}$/);
      assert.match(trace.spanId, /^(?!0{16})[0-9a-f]{16}$/);
    }
  }
});

test('a tracestate is passed on without its empty members', () => {
  assert.equal(stateOf('rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'), 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE');
  assert.equal(stateOf(' a=1 ,, fw529a3039@dt=FfffQ x ,'), 'a=1,fw529a3039@dt=FfffQ x');
});

test('a malformed tracestate is dropped whole, and the traceparent stays', () => {
  const many = Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(',');
  const malformed = ['a', '=1', 'a=', 'A=1', '1a=1', 'a=1,a=2', 'a=b=c', 'a=é', 'a=\t', ',', many];
  malformed.push(`a=${'x'.repeat(MAX_TRACESTATE_LENGTH)}`);
  for (const state of malformed) {
    assert.equal(stateOf(state), undefined, JSON.stringify(state));
    assert.equal(parseTrace(valid, state)?.traceId, traceId);
  }
});
