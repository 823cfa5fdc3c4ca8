import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../src/changes/change.ts';
import { burning, calm, restless } from '../../test/wall-states.fixture.ts';
import { suspectOf, troublesOf } from './trouble.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const MINUTE = 60_000;

test('nothing is broken while nothing pages, though a ticket is open', () => {
  assert.deepEqual(troublesOf(calm(NOW)), []);
  assert.deepEqual(troublesOf(restless(NOW)), []);
});

test('an incident and the alerts that it is made of are one trouble, with who has it and what changed', () => {
  const [trouble, ...others] = troublesOf(burning(NOW, { owner: 'Anna Berg' }));
  assert.deepEqual(others, []);
  assert.equal(trouble!.title, 'payments: 42 % of requests fail');
  assert.equal(trouble!.owner, 'Anna Berg');
  assert.equal(trouble!.suspect?.title, 'tax: a41f09c → b772e01');
  assert.deepEqual(trouble!.services[1], { name: 'tax', state: 'down' });
});

test('a page without an incident fills the wall too; a silenced one does not', () => {
  const state = { ...burning(NOW), incidents: [] };
  const [trouble] = troublesOf(state);
  assert.equal(trouble!.isTaken, false);
  assert.equal(trouble!.suspect?.id, 5);
  const silenced = state.alerts.map((alert) => ({ ...alert, mutedBy: 'silence 3' }));
  assert.deepEqual(troublesOf({ ...state, alerts: silenced }), []);
});

test('a resolved incident is over', () => {
  const state = burning(NOW);
  const incidents = state.incidents.map((one) => ({ ...one, state: 'resolved' as const, resolvedAtMs: NOW }));
  assert.deepEqual(troublesOf({ ...state, incidents, alerts: [] }), []);
});

test('what nobody has comes first, then the newest', () => {
  const state = burning(NOW);
  const [one] = state.incidents;
  const incidents = [
    { ...one!, id: 1, openedAtMs: NOW - 9 * MINUTE },
    { ...one!, id: 2, openedAtMs: NOW - 2 * MINUTE },
    { ...one!, id: 3, openedAtMs: NOW - MINUTE, state: 'acknowledged' as const },
  ];
  assert.deepEqual(
    troublesOf({ ...state, incidents }).map(({ key }) => key),
    ['incident 2', 'incident 1', 'incident 3'],
  );
});

test('suspected is the last change of what is affected, else the last of all, within an hour, and no restart', () => {
  const change = (id: number, minutes: number, over: Partial<Change> = {}): Change => ({
    id,
    atMs: NOW - minutes * MINUTE,
    kind: 'deploy',
    title: `change ${id}`,
    ...over,
  });
  const changes = [
    change(9, -5, { service: 'tax' }),
    change(8, 1, { service: 'tax', kind: 'restart' }),
    change(7, 2, { service: 'shop' }),
    change(6, 20, { service: 'tax' }),
    change(5, 30, { service: 'tax' }),
  ];
  assert.equal(suspectOf(NOW, ['tax'], changes)?.id, 6);
  assert.equal(suspectOf(NOW, ['mail'], changes)?.id, 7);
  assert.equal(suspectOf(NOW, [], [change(1, 61)]), undefined);
});
