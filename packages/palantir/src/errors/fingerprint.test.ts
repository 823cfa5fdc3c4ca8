import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '../model.ts';
import { logLine, NOON_MS } from '../store/fixtures/telemetry.ts';
import { fingerprintOf, reportOf } from './fingerprint.ts';
import { normalised } from './message.ts';
import { ownFrames } from './stack-frames.ts';

function failing(
  message: string,
  attributes: Record<string, string> = {},
  more: Partial<LogLine> = {},
): LogLine {
  const error = message ? { 'err.type': 'TypeError', 'err.message': message } : {};
  return logLine(NOON_MS, 'failed', { severity: 17, attributes: { ...error, ...attributes }, ...more });
}

const print = (line: LogLine): string => fingerprintOf(line, reportOf(line)).fingerprint;
const why = (line: LogLine): string => fingerprintOf(line, reportOf(line)).why;

test('a message without what differs from time to time', () => {
  for (const [message, wanted] of [
    ['order 42 of 3 items costs 12.50', 'order <number> of <number> items costs <number>'],
    ['no user 7f1c2f3a-0d1e-4c5b-8a9f-0123456789ab', 'no user <uuid>'],
    ['commit a41fb772c0 is unknown', 'commit <hex> is unknown'],
    [`"Ada's" is not 'known' here`, '<text> is not <text> here'],
    ["ENOENT: no such file, open '/var/lib/x/1.db'", 'ENOENT: no such file, open <text>'],
    ['cannot read /var/lib/x/1.db now', 'cannot read <path> now'],
    ['cannot read ./data/a.txt', 'cannot read <path>'],
    ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED <address>'],
    ['GET https://tax.example/v1/rates?x=1 failed', 'GET <url> failed'],
    ['mail to ada@example.com refused', 'mail to <mail> refused'],
    ['since 2026-06-15T12:00:00.123Z', 'since <time>'],
    ['task_77 and tax-3', 'task_<number> and tax-<number>'],
    ['first line\nsecond line', 'first line'],
    ['x is not a function', 'x is not a function'],
    ['deadbeef and facade are words', 'deadbeef and facade are words'],
  ] as const)
    assert.equal(normalised(message), wanted);
});

test('messages of whatever form take little time', () => {
  for (const piece of ['/', 'a/', '"', "'", '0', 'a0', 'a.', '-', '@', 'a@', '://', '1.1', '\\', '<'])
    normalised(piece.repeat(20_000));
  const started = process.cpuUsage();
  for (let i = 0; i < 200; i++) normalised(`${'a/b.'.repeat(250)}@`);
  assert.ok(process.cpuUsage(started).user < 5_000_000);
});

const STACK = `TypeError: x is not a function
    at charge (file:///srv/app/releases/a41f/services/pay/src/charge.ts:12:7)
    at async Object.handle [as handler] (file:///srv/app/releases/a41f/services/pay/src/handler.ts:40:3)
    at next (/srv/app/node_modules/router/index.js:7:1)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)
    at new Runner (/srv/app/releases/a41f/services/pay/src/runner.ts:3:9)
    at /srv/app/releases/a41f/services/pay/src/main.ts:1:1`;

test('own frames are those of the program, without lines, and without the folders of a release', () => {
  assert.deepEqual(ownFrames(STACK, 9), [
    'charge pay/src/charge.ts',
    'handle pay/src/handler.ts',
    'Runner pay/src/runner.ts',
    '<anonymous> pay/src/main.ts',
  ]);
  assert.deepEqual(ownFrames('Error\n    at com.shop.Pay.charge(Pay.java:12)', 9), [
    'com.shop.Pay.charge Pay.java',
  ]);
  assert.deepEqual(ownFrames('Error\n    at C:\\app\\src\\main.ts:3:4', 9), ['<anonymous> app/src/main.ts']);
  assert.deepEqual(ownFrames('whatever\n  at\n at ()\n    at native', 9), []);
  ownFrames(`    at ${'('.repeat(10_000)}\n`.repeat(50), 3);
});

test('errors of one type from one place are one, wherever the release lies and whatever the message and lines are', () => {
  const first = failing('x is not a function', { 'err.stack': STACK });
  const moved = STACK.replaceAll('a41f', 'b772').replace(':12:7', ':99:1').replace('x is', 'y is');
  assert.equal(print(failing('y is not a function', { 'err.stack': moved })), print(first));
  assert.match(why(first), /the same error TypeError from charge pay\/src\/charge\.ts ← handle/);
  const elsewhere = STACK.replace('at charge (', 'at refund (');
  assert.notEqual(print(failing('x is not a function', { 'err.stack': elsewhere })), print(first));
  assert.notEqual(print(failing('x', { 'err.stack': STACK, 'err.type': 'RangeError' })), print(first));
});

test('without frames of its own the type, the code and the normalised message decide', () => {
  const stack = 'Error: no\n    at x (node:net:1:1)';
  const refused = failing('connect 10.0.0.1:1', {
    'err.type': 'Error',
    'err.code': 'ECONNREFUSED',
    'err.stack': stack,
  });
  assert.equal(
    print(
      failing('connect 10.0.0.2:9', { 'err.type': 'Error', 'err.code': 'ECONNREFUSED' }, { service: 'shop' }),
    ),
    print(refused),
  );
  assert.notEqual(
    print(failing('connect 10.0.0.1:1', { 'err.type': 'Error', 'err.code': 'ETIMEDOUT' })),
    print(refused),
  );
  assert.equal(why(refused), 'the same error Error ECONNREFUSED that says: connect <address>');
});

test('a line without an error is grouped within its service; a key that the author gave decides alone', () => {
  const plain = (service: string, body: string): string =>
    print(logLine(NOON_MS, body, { severity: 17, service }));
  assert.equal(plain('tax', 'batch 7 failed'), plain('tax', 'batch 8 failed'));
  assert.notEqual(plain('tax', 'batch 7 failed'), plain('shop', 'batch 7 failed'));
  const keyed = (message: string): LogLine =>
    failing(message, { 'error.fingerprint': 'rates', 'err.stack': STACK });
  assert.equal(print(keyed('a')), print(keyed('b')));
  assert.equal(why(keyed('a')), 'its author gave it the key rates');
  assert.match(print(keyed('a')), /^v1:[0-9a-f]{16}$/);
});

test("OpenTelemetry's names say the same as ours", () => {
  const ours = failing('x is not a function', { 'err.stack': STACK });
  const otel = logLine(NOON_MS, 'failed', {
    severity: 17,
    attributes: {
      'exception.type': 'TypeError',
      'exception.message': 'x is not a function',
      'exception.stacktrace': STACK,
    },
  });
  assert.equal(print(otel), print(ours));
});
