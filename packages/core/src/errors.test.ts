import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ErrorEntry, errorEntry, errorRegistry, fail, GoblinError, isGoblinError } from './errors.ts';

const PAGE = join(import.meta.dirname, '../../../docs/reference/errors.md');

function rowOf(code: string, entry: ErrorEntry): string {
  const cells = [
    code,
    entry.status,
    entry.connect,
    entry.retryable ? 'yes' : 'no',
    entry.meaning,
    entry.remedy,
  ];
  return `| ${cells.map((cell, column) => (column === 0 ? `\`${cell}\`` : cell)).join(' | ')} |`;
}

test('docs/reference/errors.md has a row for each code as the registry has it, and no others', () => {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const expected = Object.entries<ErrorEntry>(errorRegistry).map(([code, entry]) => rowOf(code, entry));
  const missing = expected.filter((row) => !rows.includes(row));
  const unknown = rows.filter((row) => !expected.includes(row));
  assert.equal(missing.join('\n'), '', 'these rows are missing');
  assert.equal(unknown.join('\n'), '', 'these rows are of no code, or out of date');
});

test('an error without a message has the meaning of its code', () => {
  const error = new GoblinError('NOT_FOUND');
  assert.deepEqual([error.message, error.status, error.retryable], ['there is nothing here', 404, false]);
  assert.equal(new GoblinError('CARD_DECLINED').message, 'card declined');
});

test('a code that a contract declared has the status of a rule that said no', () => {
  assert.deepEqual(
    [errorEntry('CARD_DECLINED').status, errorEntry('CARD_DECLINED').connect],
    [422, 'failed_precondition'],
  );
  for (const name of ['constructor', 'toString', '__proto__']) assert.equal(errorEntry(name).status, 422);
});

test('an error as JSON is its code, message and data, not its cause', () => {
  const error = new GoblinError('CONFLICT', { data: { key: 'a' }, cause: new Error('inner') });
  assert.equal(
    JSON.stringify(error),
    '{"code":"CONFLICT","message":"it was changed by somebody else meanwhile","data":{"key":"a"}}',
  );
  assert.equal((error.cause as Error).message, 'inner');
});

test('fail throws, and isGoblinError tells which', () => {
  assert.throws(() => fail('UNKNOWN_COUNTRY', { country: 'XX' }), {
    name: 'GoblinError',
    code: 'UNKNOWN_COUNTRY',
    data: { country: 'XX' },
  });
  const error = new GoblinError('NOT_FOUND');
  assert.ok(isGoblinError(error) && isGoblinError(error, 'NOT_FOUND'));
  assert.ok(!isGoblinError(error, 'CONFLICT') && !isGoblinError(new Error('NOT_FOUND')));
});
