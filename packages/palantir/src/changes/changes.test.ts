import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import type { Labels, LogLine } from '../model.ts';
import { openState } from '../state/state-database.ts';
import type { SwarmService, SwarmState } from '../swarm/swarm-state.ts';
import { createChangeLog } from './change-log.ts';
import { changesLogged } from './changes-logged.ts';
import { changesSeen } from './changes-seen.ts';

const folder = mkdtempSync(join(tmpdir(), 'goblin-changes-'));
after(() => rmSync(folder, { recursive: true }));

function swarm(...services: Partial<SwarmService>[]): SwarmState {
  const complete = services.map((service) => ({
    name: 'tax',
    kind: 'service' as const,
    wanted: 1,
    ready: 1,
    versions: ['a'],
    restarts: 0,
    ...service,
  }));
  return { atMs: 1_000, nodes: [], services: complete };
}

function titles(before: SwarmState | undefined, after: SwarmState): string[] {
  return changesSeen(before, after).map(({ kind, title }) => `${kind} ${title}`);
}

test('two looks tell what has changed between them; the first one changes nothing', () => {
  assert.deepEqual(titles(undefined, swarm({})), []);
  assert.deepEqual(titles(swarm({}), swarm({})), []);
  assert.deepEqual(titles(swarm({}), swarm({ versions: ['a', 'b'] })), ['deploy tax: a → b']);
  assert.deepEqual(titles(swarm({ versions: ['a', 'b'] }), swarm({ versions: ['b'] })), []);
  assert.deepEqual(titles(swarm({}), swarm({ wanted: 3, restarts: 2 })), [
    'scale tax: 1 → 3 instances',
    'restart tax was started again 2 times',
  ]);
  assert.deepEqual(titles(swarm({}), swarm({ name: 'vat' })), [
    'deploy vat was added',
    'deploy tax was taken out',
  ]);
});

test('changes are kept in order, also when it is started again, and are found by service and time', () => {
  {
    using state = openState(folder);
    const log = createChangeLog(state);
    log.add({ atMs: 5, kind: 'deploy', service: 'tax', title: 'first', author: 'ada' });
    log.add({ atMs: 7, kind: 'flag', title: 'second', detail: 'new prices' });
  }
  using state = openState(folder);
  const log = createChangeLog(state);
  const all = log.list({ fromMs: 0, toMs: 10 });
  assert.deepEqual(
    all.map(({ title }) => title),
    ['second', 'first'],
  );
  assert.deepEqual(all[1], { id: 1, atMs: 5, kind: 'deploy', service: 'tax', title: 'first', author: 'ada' });
  assert.equal(log.list({ fromMs: 0, toMs: 10, service: 'tax' }).length, 1);
  assert.equal(log.list({ fromMs: 6, toMs: 10, service: 'tax' }).length, 0);
  assert.equal(log.list({ fromMs: 0, toMs: 10, limit: 1 }).length, 1);
});

test('what is logged as a change is one, of the service that logs it or the one that is named', () => {
  const line = (attributes: Labels, service = 'tax'): LogLine => ({
    atMs: 5,
    severity: 9,
    body: '',
    service,
    attributes,
  });
  const change = (more: Labels): Labels => ({ 'change.kind': 'flag', 'change.title': 'new prices', ...more });
  assert.deepEqual(
    changesLogged([
      line({ 'change.kind': 'flag' }),
      line({ 'change.title': 'no kind', 'change.kind': 'rumour' }),
      line(change({ 'change.author': 'ada', 'change.detail': '10 %' })),
      line(change({ 'change.service': 'mail', 'change.title': 'x'.repeat(5_000) }), 'goblin'),
      line(change({ 'change.kind': 'fault' }), 'goblin'),
    ]),
    [
      { atMs: 5, kind: 'flag', title: 'new prices', service: 'tax', detail: '10 %', author: 'ada' },
      { atMs: 5, kind: 'flag', title: 'x'.repeat(2_000), service: 'mail' },
      { atMs: 5, kind: 'fault', title: 'new prices' },
    ],
  );
});

test('a text that is too long is refused', () => {
  using state = openState(mkdtempSync(join(folder, 'long-')));
  const log = createChangeLog(state);
  assert.throws(
    () => log.add({ atMs: 1, kind: 'flag', title: 'x'.repeat(2_001) }),
    (error) => isGoblinError(error, 'INVALID_INPUT'),
  );
});
