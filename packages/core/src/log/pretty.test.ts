import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prettyLine, wantsColour } from './pretty.ts';

const record = {
  level: 'warn',
  time: new Date(2026, 0, 31, 12, 3, 4, 56).toISOString(),
  service: 'payments',
  instance: 'payments-1',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  ms: 812,
  peer: { address: 'a' },
  path: 'two words',
  msg: 'slow',
};

test('a record is one line: time, level, service, message, fields, trace', () => {
  assert.equal(
    prettyLine(record),
    '12:03:04.056 warn  payments    slow  ms=812 peer={"address":"a"} path="two words"  trace=4bf92f35',
  );
});

test('colours are added only when asked for, and change nothing else', () => {
  const line = prettyLine(record, { colour: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes are what is looked for
  assert.match(line, /\u001b\[33mwarn /);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes are what is looked for
  assert.equal(line.replaceAll(/\u001b\[\d+m/g, ''), prettyLine(record));
});

test('an error shows code, message, data, frames and causes below the line', () => {
  const err = {
    type: 'GoblinError',
    code: 'UNAVAILABLE',
    message: 'no answer',
    data: { host: 'db' },
    stack: 'GoblinError: no answer\n    at a (file.ts:1:2)\n    at b (file.ts:3:4)',
    cause: { type: 'Error', code: 'ECONNREFUSED', message: 'refused' },
  };
  assert.deepEqual(
    prettyLine({ ...record, err })
      .split('\n')
      .slice(1),
    [
      '    GoblinError UNAVAILABLE: no answer',
      '      data {"host":"db"}',
      '      at a (file.ts:1:2)',
      '      at b (file.ts:3:4)',
      '    caused by Error ECONNREFUSED: refused',
    ],
  );
});

test('what a record holds cannot steer the terminal or forge a line', () => {
  const line = prettyLine({
    level: 'info',
    msg: 'a\u001b[2J\nb\u0007',
    'x\n': '\u001b]0;title\u0007',
    service: 'a\rb',
  });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be left
  assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
});

test('lines of other programs are shown as far as they go', () => {
  assert.equal(prettyLine({}).trimEnd(), '--:--:--.--- info');
  assert.match(prettyLine({ level: 30, time: 0, msg: 5, err: 'a text' }), /30 .* 5\n {4}Error: a text$/);
});

test('colour is for terminals, unless NO_COLOR says no', () => {
  assert.equal(wantsColour({ isTTY: true }, {}), true);
  assert.equal(wantsColour({ isTTY: false }, {}), false);
  assert.equal(wantsColour({}, {}), false);
  assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '1' }), false);
  assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '' }), true);
  assert.equal(wantsColour({ isTTY: true }, { TERM: 'dumb' }), false);
});

test('what the message says is not said again, nor the request where there is a trace', () => {
  const record = {
    level: 'info',
    time: 0,
    service: 'edge',
    msg: 'GET /v1 200',
    method: 'GET',
    path: '/v1',
    status: 200,
  };
  const line = prettyLine({ ...record, ms: 3, requestId: 'r1', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' });
  assert.match(line, /GET \/v1 200 {2}ms=3 {2}trace=4bf92f35$/);
  assert.match(prettyLine({ ...record, requestId: 'r1' }), /requestId=r1$/);
});
