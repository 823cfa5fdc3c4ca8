import assert from 'node:assert/strict';
import test from 'node:test';
import { createLogger, GoblinError, type LogDestination } from '@goblin/core';
import { MAX_ATTRIBUTES, MAX_BODY_LENGTH } from '../decode/limits.ts';
import { type LogSource, logLine } from './log-line.ts';

const SOURCE: LogSource = { service: 'shop', atMs: 5, severity: 9 };

test("a line of the platform's own logger keeps time, level, service, message, and the error field by field", () => {
  const written: string[] = [];
  const destination: LogDestination = { write: (line) => written.push(line) };
  const log = createLogger({ service: 'tax', instance: 'tax-1', destination, level: 'trace' });
  const cause = new TypeError('no rate');
  log.error(
    { err: new GoblinError('UNAVAILABLE', { message: 'try later', cause }), order: { id: 7 } },
    'it failed',
  );
  const line = logLine(written[0]!, SOURCE);
  assert.deepEqual([line.service, line.severity, line.body], ['tax', 17, 'it failed']);
  assert.ok(Math.abs(line.atMs - Date.now()) < 60_000);
  const { attributes } = line;
  assert.equal(attributes.instance, 'tax-1');
  assert.equal(attributes['err.type'], 'GoblinError');
  assert.equal(attributes['err.code'], 'UNAVAILABLE');
  assert.equal(attributes['err.message'], 'try later');
  assert.equal(attributes['err.cause.type'], 'TypeError');
  assert.match(attributes['err.stack']!, /log-line\.test/);
  assert.equal(attributes['order.id'], '7');
});

test('traces are found under the names that loggers give them, and what is no id stays an attribute', () => {
  const [traceId, spanId] = ['0AF7651916CD43DD8448EB211C80319C', 'b7ad6b7169203331'];
  for (const [trace, span] of [
    ['traceId', 'spanId'],
    ['trace_id', 'span_id'],
  ] as const) {
    const line = logLine(JSON.stringify({ msg: 'a', [trace]: traceId, [span]: spanId }), SOURCE);
    assert.deepEqual([line.traceId, line.spanId], [traceId.toLowerCase(), spanId]);
    assert.deepEqual(line.attributes, {});
  }
  const line = logLine('{"msg":"a","traceId":"12"}', SOURCE);
  assert.equal(line.traceId, undefined);
  assert.deepEqual(line.attributes, { traceId: '12' });
});

test('levels by name or by number, and times as text, milliseconds or seconds, are understood', () => {
  const of = (fields: object): number[] => {
    const { severity, atMs } = logLine(JSON.stringify(fields), SOURCE);
    return [severity, atMs];
  };
  assert.deepEqual(of({ level: 'WARN', time: '2026-11-21T08:00:00.5Z' }), [
    13,
    Date.UTC(2026, 10, 21, 8, 0, 0, 500),
  ]);
  assert.deepEqual(of({ level: 50, time: 1_795_249_286_746 }), [17, 1_795_249_286_746]);
  assert.deepEqual(of({ severity: 'critical', ts: 1_795_249_286.746 }), [21, 1_795_249_286_746]);
  assert.deepEqual(of({ level: 'loud', time: 'soon' }), [9, 5]);
});

test('text that is no JSON is the body as it is', () => {
  for (const text of ['listening on 80', '{"msg":"cut o', '[1,2]', '{}x', 'null'])
    assert.deepEqual(logLine(text, SOURCE), {
      atMs: 5,
      severity: 9,
      body: text,
      service: 'shop',
      attributes: {},
    });
});

test('what is too much is cut and counted, and nothing in a line can harm', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`field${i}`, i]));
  const line = logLine(JSON.stringify({ msg: 'x'.repeat(MAX_BODY_LENGTH * 2), ...many }), SOURCE);
  assert.equal(line.body.length, MAX_BODY_LENGTH);
  assert.equal(Object.keys(line.attributes).length, MAX_ATTRIBUTES + 1);
  assert.equal(line.attributes.dropped_attributes_count, String(300 - MAX_ATTRIBUTES));
  const odd = logLine(
    '{"__proto__":"x","constructor":{"name":"y"},"msg":{"a":1},"list":[1,{"b":2}],"no":null}',
    SOURCE,
  );
  assert.deepEqual(
    { ...odd.attributes },
    { 'constructor.name': 'y', 'msg.a': '1', list: '[1,{"b":2}]', dropped_attributes_count: '1' },
  );
  const deep = `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`;
  assert.equal(Object.keys(logLine(deep, SOURCE).attributes).length, 1);
});
