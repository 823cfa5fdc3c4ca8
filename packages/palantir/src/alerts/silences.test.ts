import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Matcher } from '../model.ts';
import { openState } from '../state/state-database.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { noonClock } from '../store/fixtures/telemetry.ts';
import { createSilences } from './silences.ts';

const HOUR = 3_600_000;
const TAX: Matcher = { label: 'service', op: '=', value: 'tax' };

test('a silence covers what all its matchers take, until its time is over or somebody ends it', async () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  const clock = noonClock();
  const silences = createSilences(state, clock, () => {});
  const words = { author: 'ada', comment: 'new disks' };
  const first = silences.add({
    matchers: [TAX, { label: 'rule', op: '=~', value: 'lat.*' }],
    untilMs: clock.wall() + HOUR,
    ...words,
  });
  const labels = { service: 'tax', rule: 'latency', severity: 'page' };
  assert.equal(silences.covering(labels, clock.wall())?.id, first.id);
  assert.equal(silences.covering({ ...labels, rule: 'errors' }, clock.wall()), undefined);
  assert.equal(silences.covering({ rule: 'latency' }, clock.wall()), undefined);
  await clock.advance(HOUR);
  assert.equal(silences.covering(labels, clock.wall()), undefined);

  const second = silences.add({ matchers: [TAX], untilMs: clock.wall() + HOUR, ...words });
  const ended = silences.expire(second.id, 'bob');
  assert.deepEqual([ended.expiredBy, ended.untilMs], ['bob', clock.wall()]);
  assert.deepEqual(silences.expire(second.id, 'eve'), ended, 'ending it twice changes nothing');
  assert.throws(() => silences.expire(99, 'bob'), { code: 'NOT_FOUND' });

  const again = createSilences(state, clock, () => {});
  assert.deepEqual(again.list(), [ended, first]);
  assert.equal(again.covering(labels, clock.wall()), undefined);
  await clock.advance(8 * 24 * HOUR);
  const third = again.add({ matchers: [TAX], untilMs: clock.wall() + HOUR, ...words });
  assert.deepEqual(again.list(), [third], 'those that are over for a week are forgotten');
});

test('a silence that takes everything, has ended, or does not say who and why is refused with the field', () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  const clock = noonClock();
  const silences = createSilences(state, clock, () => {});
  const good = { matchers: [TAX], untilMs: clock.wall() + HOUR, author: 'ada', comment: 'disks' };
  for (const [bad, field] of [
    [{ matchers: [] }, /^matchers:/],
    [{ matchers: [{ label: 'service', op: '=~', value: '.*' } as const] }, /take every alert/],
    [{ matchers: [{ label: 'service', op: '=~', value: '(' } as const] }, /regular expression/],
    [{ untilMs: clock.wall() }, /^untilMs:/],
    [{ untilMs: Number.NaN }, /^untilMs:/],
    [{ untilMs: clock.wall() + 400 * 24 * HOUR }, /^untilMs:/],
    [{ author: ' ' }, /^author:/],
    [{ comment: 'x'.repeat(2_000) }, /^comment:/],
  ] as const)
    assert.throws(() => silences.add({ ...good, ...bad }), { code: 'INVALID_INPUT', message: field });
  assert.deepEqual(silences.list(), []);
});
