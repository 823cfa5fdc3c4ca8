import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualClock } from '@goblin/core';
import type { LogLine } from '../model.ts';
import { openState, type StateDatabase } from '../state/state-database.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { hex, logLine, noonClock } from '../store/fixtures/telemetry.ts';
import type { ErrorGroups } from './error-group.ts';
import { createErrorGroups, MAX_GROUPS, MAX_SAMPLES, REOPEN_MS } from './error-groups.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;

interface House extends Disposable {
  readonly clock: VirtualClock;
  readonly state: StateDatabase;
  readonly errors: ErrorGroups;
  /** As if the process had been killed: nothing is flushed. */
  restart(): void;
  fail(type: string, version?: string, more?: Partial<LogLine>): void;
}

function house(): House {
  const folder = temporaryFolder();
  const clock = noonClock();
  let state = openState(folder.path);
  let errors = createErrorGroups({ state, clock });
  return {
    clock,
    get state() {
      return state;
    },
    get errors() {
      return errors;
    },
    restart() {
      state[Symbol.dispose]();
      state = openState(folder.path);
      errors = createErrorGroups({ state, clock });
    },
    fail(type, version, more = {}) {
      const attributes = {
        'err.type': type,
        'err.message': 'no',
        ...(version && { 'service.version': version }),
      };
      errors.take([logLine(clock.wall(), 'failed', { severity: 17, service: 'tax', attributes, ...more })]);
    },
    [Symbol.dispose]() {
      state[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

test('a group says when and where its error was seen, how often, why it is one, and shows its newest lines', async () => {
  using one = house();
  const first = one.clock.wall();
  for (let i = 0; i < 9; i++) {
    one.fail('TypeError', `v${i % 2}`, { traceId: hex(i, 32), service: i === 8 ? 'shop' : 'tax' });
    await one.clock.advance(MINUTE);
  }
  one.errors.take([logLine(first, 'all is well'), logLine(first, 'careful', { severity: 13 })]);
  const [group, ...others] = one.errors.list();
  assert.equal(others.length, 0);
  assert.deepEqual(
    [group!.count, group!.firstSeenMs, group!.lastSeenMs, group!.services, group!.versions],
    [9, first, first + 8 * MINUTE, ['tax', 'shop'], ['v1', 'v0']],
  );
  assert.equal(group!.title, 'TypeError: no');
  assert.equal(group!.why, 'the same error TypeError that says: no');
  assert.deepEqual(
    group!.samples.map(({ traceId }) => Number.parseInt(traceId!, 16)),
    [8, 7, 6, 5, 4],
  );
  assert.equal(group!.samples.length, MAX_SAMPLES);
  assert.deepEqual(one.errors.list({ service: 'edge' }), []);
});

test('what is new is kept at once; counts of what is known within a second', async () => {
  using one = house();
  one.fail('TypeError');
  one.restart();
  const [group] = one.errors.list();
  assert.equal(group!.count, 1);
  one.fail('TypeError');
  one.fail('TypeError');
  await one.clock.advance(1_000);
  one.restart();
  assert.equal(one.errors.get(group!.fingerprint).count, 3);
  assert.equal(one.errors.newSince(one.clock.wall() - MINUTE).length, 1, 'a restart makes nothing new again');
});

test('what cannot be written is taken all the same, and written as soon as it can be', async () => {
  using one = house();
  one.state.db.exec('PRAGMA query_only = ON');
  one.fail('TypeError');
  assert.equal(one.errors.newSince(0).length, 1);
  await one.clock.advance(MINUTE);
  one.state.db.exec('PRAGMA query_only = OFF');
  await one.clock.advance(1_000);
  one.restart();
  assert.equal(one.errors.list()[0]!.type, 'TypeError');
});

test('a resolved error that comes back in another version is a regression, and new again', async () => {
  using one = house();
  one.fail('TypeError', 'a');
  const { fingerprint } = one.errors.list()[0]!;
  await one.clock.advance(2 * HOUR);
  one.errors.resolve(fingerprint, 'ada');
  one.fail('TypeError', 'a');
  assert.equal(one.errors.get(fingerprint).state, 'resolved', 'an old instance still ends');
  one.restart();
  one.fail('TypeError', 'b', { service: 'shop' });
  const group = one.errors.get(fingerprint);
  assert.deepEqual([group.state, group.isRegression, group.newAtMs], ['open', true, one.clock.wall()]);
  assert.deepEqual(group.newIn, { service: 'shop', version: 'b' });
  assert.equal(one.errors.newSince(one.clock.wall()).length, 1);
});

test('where the version with the remedy is named, older ones may fail on, and that one may not', async () => {
  using one = house();
  one.fail('TypeError', 'a');
  one.fail('TypeError', 'b');
  const { fingerprint } = one.errors.list()[0]!;
  one.errors.resolve(fingerprint, 'ada', 'c');
  await one.clock.advance(HOUR);
  one.fail('TypeError', 'a');
  assert.equal(one.errors.get(fingerprint).state, 'resolved');
  one.fail('TypeError', 'c');
  assert.deepEqual(
    [one.errors.get(fingerprint).state, one.errors.get(fingerprint).isRegression],
    ['open', true],
  );
});

test('an error that goes on after it was resolved is open again, and is not told as new', async () => {
  using one = house();
  one.fail('TypeError', 'a');
  const { fingerprint } = one.errors.list()[0]!;
  await one.clock.advance(2 * HOUR);
  one.errors.resolve(fingerprint, 'ada');
  await one.clock.advance(REOPEN_MS);
  one.fail('TypeError', 'a');
  assert.deepEqual(
    [one.errors.get(fingerprint).state, one.errors.get(fingerprint).isRegression],
    ['open', false],
  );
  assert.deepEqual(one.errors.newSince(one.clock.wall() - HOUR), []);
});

test('lines that carry no version are a regression once some time has passed', async () => {
  using one = house();
  one.fail('TypeError');
  const { fingerprint } = one.errors.list()[0]!;
  one.errors.resolve(fingerprint, 'ada');
  one.fail('TypeError');
  assert.equal(one.errors.get(fingerprint).state, 'resolved');
  await one.clock.advance(REOPEN_MS);
  one.fail('TypeError');
  assert.equal(one.errors.get(fingerprint).isRegression, true);
});

test('an ignored error is counted and never new; opening it again says who did', async () => {
  using one = house();
  one.fail('TypeError', 'a');
  const { fingerprint } = one.errors.list()[0]!;
  one.errors.ignore(fingerprint, 'ada');
  await one.clock.advance(HOUR);
  one.fail('TypeError', 'b');
  const ignored = one.errors.get(fingerprint);
  assert.deepEqual([ignored.state, ignored.count], ['ignored', 2]);
  assert.deepEqual(one.errors.newSince(0), []);
  assert.deepEqual(one.errors.reopen(fingerprint, 'bob').decision, { by: 'bob', atMs: one.clock.wall() });
});

test('a flood of different errors stays within its bound: resolved and quiet ones go first, ignored ones last', async () => {
  using one = house();
  one.fail('Ignored');
  one.fail('Quiet');
  one.fail('Resolved');
  const of = (type: string): string =>
    one.errors.list({ limit: MAX_GROUPS }).find((group) => group.type === type)?.fingerprint ?? '';
  one.errors.ignore(of('Ignored'), 'ada');
  one.errors.resolve(of('Resolved'), 'ada');
  await one.clock.advance(MINUTE);
  const flood = (from: number, count: number): LogLine[] =>
    Array.from({ length: count }, (_, i) =>
      logLine(one.clock.wall(), 'x', {
        severity: 17,
        attributes: { 'err.type': `E${from + i}`, 'err.message': 'x' },
      }),
    );
  one.errors.take(flood(0, MAX_GROUPS - 2));
  assert.deepEqual([of('Resolved') === '', of('Quiet') === '', of('Ignored') === ''], [true, false, false]);
  one.errors.take(flood(MAX_GROUPS, 1));
  assert.deepEqual([of('Quiet') === '', of('Ignored') === ''], [true, false]);
  one.restart();
  assert.equal(one.errors.list({ limit: 10 * MAX_GROUPS }).length, MAX_GROUPS);
});

test('whatever a line says it is taken, and what is kept of it is short', () => {
  using one = house();
  const huge = 'x'.repeat(1_000_000);
  for (const attributes of [
    { 'err.type': huge, 'err.message': huge, 'err.stack': huge, 'service.version': huge },
    { 'err.stack': `    at ${huge} (${huge}:1:1)\n`.repeat(3) },
    { 'exception.type': '', 'exception.message': '' },
    { 'error.fingerprint': huge },
  ])
    one.errors.take([logLine(Number.MAX_SAFE_INTEGER, '', { severity: 24, service: '', attributes })]);
  for (const group of one.errors.list())
    assert.ok(JSON.stringify(group).length < 12_000, group.why.slice(0, 100));
});
