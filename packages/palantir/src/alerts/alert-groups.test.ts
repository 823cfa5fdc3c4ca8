import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../store/fixtures/random.ts';
import type { Alert, AlertNotice } from './alert.ts';
import { BATCH_MS, FLAP_MS, type GroupRecord, nextGroup, REPEAT_MS } from './alert-groups.ts';

const KEY = { rule: 'errors', service: 'tax', severity: 'page' as const };
const MINUTE_MS = 60_000;

function alert(id: string, state: Alert['state'], mutedBy?: string): Alert {
  return {
    ...{ id, rule: 'errors', severity: 'page', state, service: 'tax', labels: {}, value: 1, summary: id },
    ...{ sinceMs: 0, isFlapping: false, evidence: [], ...(mutedBy !== undefined && { mutedBy }) },
  };
}

interface Run {
  readonly told: AlertNotice[];
  readonly group: () => GroupRecord | undefined;
  /** @param alerts ids of those that fire; a `~` before it says that it is muted */
  at(minute: number, ...alerts: readonly string[]): string;
}

function run(): Run {
  const known = new Set<string>();
  const told: AlertNotice[] = [];
  let group: GroupRecord | undefined;
  let lastMs = 0;
  return {
    told,
    group: () => group,
    at(minute, ...ids) {
      const atMs = minute * MINUTE_MS;
      for (const id of ids) known.add(id.replace('~', ''));
      const alerts = [...known].map((id) =>
        ids.includes(id)
          ? alert(id, 'firing')
          : ids.includes(`~${id}`)
            ? alert(id, 'firing', 'silence 1')
            : alert(id, 'resolved'),
      );
      const step = nextGroup(group, alerts, KEY, { atMs, unseenMs: 0 });
      group = step.group;
      lastMs = atMs;
      if (!step.notice) return '';
      assert.equal(step.notice.atMs, lastMs);
      told.push(step.notice);
      const { reason, alerts: shown } = step.notice;
      return `${reason} ${shown.map(({ id, state }) => (state === 'firing' ? id : `-${id}`)).join(' ')}`;
    },
  };
}

test('the first alert is told at once, those that join or leave 5 minutes later together, and once that all are over', () => {
  const one = run();
  assert.equal(one.at(0, 'a'), 'firing a');
  assert.equal(one.at(1, 'a', 'b'), '');
  assert.equal(one.at(4.9, 'b', 'c'), '');
  assert.equal(one.at(5, 'b', 'c'), 'changed b c -a');
  assert.equal(one.at(11, 'b', 'c'), '');
  assert.equal(one.at(12), 'resolved -b -c');
  assert.equal(one.at(13), '');
});

test('what goes on is told again after 4 hours', () => {
  const one = run();
  one.at(0, 'a');
  assert.equal(one.at(239, 'a'), '');
  assert.equal(one.at(240, 'a'), 'repeat a');
  assert.equal(one.at(241, 'a'), '');
  assert.equal(one.at(480, 'a'), 'repeat a');
});

test('what comes and goes for the third time within half an hour is told as flapping, and then not until it is calm', () => {
  const one = run();
  assert.equal(one.at(0, 'a'), 'firing a');
  assert.equal(one.at(4), 'resolved -a');
  assert.equal(one.at(8, 'a'), 'firing a');
  assert.equal(one.at(12), 'resolved -a');
  assert.equal(one.at(16, 'a'), 'flapping a');
  assert.ok(one.told.at(-1)!.alerts[0]!.isFlapping);
  for (let minute = 20; minute < 200; minute += 8) {
    assert.equal(one.at(minute), '');
    assert.equal(one.at(minute + 4, 'a'), '');
  }
  assert.equal(one.at(200), '');
  assert.equal(one.at(229), '');
  assert.equal(one.at(230), 'resolved -a');
  assert.equal(one.at(231, 'a'), 'firing a', 'it has a fresh start');
});

test('what flapped and now fires for good is told again once it is calm, and is resolved once', () => {
  const one = run();
  for (const minute of [0, 8, 16]) {
    one.at(minute, 'a');
    if (minute < 16) one.at(minute + 4);
  }
  assert.equal(one.at(45.9, 'a'), '');
  assert.equal(one.at(46, 'a'), 'repeat a');
  assert.equal(one.at(50), 'resolved -a');
});

test('what is muted is not told; it is when the mute ends and it still fires', () => {
  const one = run();
  assert.equal(one.at(0, '~a'), '');
  assert.equal(one.at(100, '~a'), '');
  assert.equal(one.at(101, 'a'), 'firing a');
  const other = run();
  assert.equal(other.at(0, '~a'), '');
  assert.equal(other.at(10), '', 'nobody knows of it: nothing is resolved either');
});

test('what was told before it was muted is not told as over while it fires, nor repeated, and is resolved aloud', () => {
  const one = run();
  one.at(0, 'a');
  assert.equal(one.at(10, '~a'), '');
  assert.equal(one.at(300, '~a'), '');
  assert.equal(one.at(301), 'resolved -a');
});

test('what only informs is never told', () => {
  const info = { ...alert('a', 'firing'), severity: 'info' as const };
  assert.deepEqual(nextGroup(undefined, [info], { ...KEY, severity: 'info' }, { atMs: 0, unseenMs: 0 }), {
    group: undefined,
  });
});

test('whatever fires, ends and is muted: one resolved for each opening, no notice twice, and a restart changes nothing', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const ids = ['a', 'b', 'c'];
    const firing = new Map(ids.map((id) => [id, false]));
    const muted = new Set<string>();
    const seen = new Set<string>();
    const calmness = 5 + random(60);
    let group: GroupRecord | undefined;
    let stored: GroupRecord | undefined;
    let isOpen = false;
    let lastMs = Number.NEGATIVE_INFINITY;
    const told = new Set<string>();
    for (let round = 1; round < 2_000; round++) {
      const atMs = round * 15_000;
      for (const id of ids) {
        if (random(calmness) === 0) firing.set(id, !firing.get(id));
        if (random(200) === 0 && !muted.delete(id)) muted.add(id);
        if (firing.get(id)) seen.add(id);
      }
      const alerts = [...seen].map((id) =>
        alert(id, firing.get(id) ? 'firing' : 'resolved', muted.has(id) ? 'silence 1' : undefined),
      );
      const step = nextGroup(group, alerts, KEY, { atMs, unseenMs: 0 });
      const copy = stored && (JSON.parse(JSON.stringify(stored)) as GroupRecord);
      assert.deepEqual(nextGroup(copy, alerts, KEY, { atMs, unseenMs: 0 }), step);
      group = step.group;
      stored = step.group;
      const { notice } = step;
      const visible = alerts.filter(({ state, mutedBy }) => state === 'firing' && mutedBy === undefined);
      if (!notice) {
        assert.ok(
          isOpen || visible.length === 0,
          `seed ${seed}, round ${round}: something fires and is not told`,
        );
        continue;
      }
      const { reason } = notice;
      assert.ok(notice.alerts.length > 0);
      assert.equal(reason === 'firing' || reason === 'flapping', !isOpen, `${reason} while open: ${isOpen}`);
      if (reason === 'changed') {
        assert.ok(atMs - lastMs >= BATCH_MS);
        const isNew = notice.alerts.some(({ id, state }) => told.has(id) === (state === 'resolved'));
        assert.ok(isNew, 'it tells of something that joined or left');
      }
      if (reason === 'repeat') assert.ok(atMs - lastMs >= Math.min(REPEAT_MS, FLAP_MS));
      if (reason === 'resolved')
        assert.ok(visible.length === 0 && notice.alerts.every(({ state }) => state === 'resolved'));
      isOpen = reason !== 'resolved';
      lastMs = atMs;
      for (const { id, state } of notice.alerts) {
        if (state === 'firing') told.add(id);
        else assert.ok(told.delete(id), `${id} is over, and it was never told`);
      }
      if (!isOpen) assert.equal(told.size, 0, 'everything that was told is over');
    }
  }
});
