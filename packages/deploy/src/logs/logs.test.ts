import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { systemClock } from '@goblin/core';
import { logCollector } from './log-collector.ts';
import { logFile, logFilePath } from './log-file.ts';
import { loggedServices, logReader } from './log-reader.ts';
import { type LogRecord, recordOf } from './log-record.ts';
import { splitLines } from './split-lines.ts';

const source = { service: 'tax', instance: 'tax-1' };
const folder = mkdtempSync(join(tmpdir(), 'goblin-logs-'));
after(() => rmSync(folder, { recursive: true }));

function record(msg: string, second = 0, service = 'tax'): LogRecord {
  const time = new Date(second * 1_000).toISOString();
  return { time, level: 'info', service, instance: `${service}-1`, msg };
}

test('a line that is not JSON becomes a record of its source', () => {
  const wrapped = recordOf('hello', source, 'warn', 0);
  assert.deepEqual(wrapped, { time: '1970-01-01T00:00:00.000Z', level: 'warn', ...source, msg: 'hello' });
});

test("a JSON line keeps its fields; another logger's level and time are translated", () => {
  const line = JSON.stringify({ level: 50, time: 1_000, msg: 'bad', service: 'own', orderId: 7 });
  const kept = recordOf(line, source, 'info', 0);
  assert.deepEqual(
    [kept.level, kept.time, kept.service, kept.instance, kept.orderId],
    ['error', '1970-01-01T00:00:01.000Z', 'own', 'tax-1', 7],
  );
});

test('malformed JSON, JSON that is no object and nonsense fields are still records', () => {
  for (const line of ['{"level":', '[1]', '"text"', '{"level":{},"time":"never","msg":7}']) {
    const wrapped = recordOf(line, source, 'info', 0);
    assert.equal(wrapped.level, 'info');
    assert.equal(wrapped.time, '1970-01-01T00:00:00.000Z');
    assert.equal(typeof wrapped.msg, 'string');
  }
});

test('lines and characters that arrive in pieces are put together', async () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  splitLines(stream, (some) => lines.push(...some));
  const bytes = Buffer.from('first\n\nzw€i\nlast');
  for (const byte of bytes) stream.write(Buffer.of(byte));
  stream.end();
  await new Promise((resolve) => stream.once('close', resolve));
  assert.deepEqual(lines, ['first', 'zw€i', 'last']);
});

test('a line without an end is cut, not kept in memory', () => {
  const stream = new PassThrough();
  const lengths: number[] = [];
  splitLines(stream, (some) => lengths.push(...some.map((line) => line.length)));
  for (let i = 0; i < 20; i++) stream.write('x'.repeat(10_000));
  assert.deepEqual(lengths, [65_536, 65_536, 65_536]);
});

test('a log is rotated when it is full, and only two old files are kept', () => {
  const file = logFile(folder, 'rotating', 1_000);
  for (let i = 0; i < 100; i++) file.append([record(`record ${i}`, i)]);
  file.close();
  const sizes = [0, 1, 2].map((generation) => statSync(logFilePath(folder, 'rotating', generation)).size);
  assert.ok(sizes.every((size) => size <= 1_000));
  assert.ok(!existsSync(logFilePath(folder, 'rotating', 3)));
  assert.match(readFileSync(logFilePath(folder, 'rotating', 0), 'utf8'), /record 99\b/);
});

test('a log that cannot be written is said once and stops nobody', () => {
  const told: LogRecord[] = [];
  const blocked = join(folder, 'blocked');
  const logs = logCollector(blocked, (one) => told.push(one), systemClock);
  rmSync(blocked, { recursive: true });
  logs.note('info', 'first');
  logs.note('info', 'second');
  const errors = told.filter(({ level }) => level === 'error');
  assert.equal(errors.length, 1);
  assert.match(errors[0]!.msg, /cannot be written/);
  assert.deepEqual(told.filter(({ level }) => level === 'info').length, 2);
});

test('the logs of several services are read in the order of time, the newest last', async () => {
  const here = mkdtempSync(join(folder, 'reading-'));
  const [tax, shop] = [logFile(here, 'tax'), logFile(here, 'shop')];
  for (let i = 0; i < 10; i += 2) tax.append([record(`t${i}`, i)]);
  for (let i = 1; i < 10; i += 2) shop.append([record(`s${i}`, i, 'shop')]);
  assert.deepEqual(loggedServices(here), ['shop', 'tax']);
  const all = await logReader(here).history(() => true, 4);
  assert.deepEqual(
    all.map(({ msg }) => msg),
    ['t6', 's7', 't8', 's9'],
  );
  const wanted = await logReader(here, ['tax']).history(({ msg }) => msg > 't4', 100);
  assert.deepEqual(
    wanted.map(({ msg }) => msg),
    ['t6', 't8'],
  );
});

test('following goes on where history ended, across rotations and to services that come later', async () => {
  const here = mkdtempSync(join(folder, 'following-'));
  const tax = logFile(here, 'tax', 300);
  tax.append([record('before')]);
  const reader = logReader(here);
  for (let i = 0; i < 3; i++) tax.append([record(`during ${i}`, i)]);
  const history = await reader.history(() => true, 100);
  assert.deepEqual(
    history.map(({ msg }) => msg),
    ['before'],
  );
  const stop = new AbortController();
  const followed: string[] = [];
  for await (const { msg } of reader.follow(stop.signal)) {
    followed.push(msg);
    if (msg === 'during 2') tax.append([record('after rotation')]);
    if (msg === 'after rotation') logFile(here, 'shop').append([record('late', 0, 'shop')]);
    if (msg === 'late') stop.abort();
  }
  assert.deepEqual(followed, ['during 0', 'during 1', 'during 2', 'after rotation', 'late']);
});
