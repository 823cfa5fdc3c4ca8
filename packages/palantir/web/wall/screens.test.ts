import assert from 'node:assert/strict';
import { test } from 'node:test';
import { burning, calm, large, restless } from '../../test/wall-states.fixture.ts';
import { inOrder } from '../swarm/order.ts';
import { screensOf, verdict } from './screens.ts';

const kinds = (state: Parameters<typeof screensOf>[0]): string[] => screensOf(state).map(({ kind }) => kind);

test('screens that have nothing to tell are left out', () => {
  assert.deepEqual(kinds(calm(0)), ['overview', 'swarm', 'slos', 'changes', 'alerts']);
  const quiet = { ...calm(0), changes: [], services: [], slos: [] };
  assert.deepEqual(kinds(quiet), ['overview', 'swarm']);
});

test('many services have as many screens as they need, the unwell first', () => {
  assert.equal(kinds(large(0)).filter((kind) => kind === 'overview').length, 4);
  assert.equal(inOrder(large(0).services)[0]!.name, 'credit');
  const troubled = { ...large(0), settingsTrouble: { count: 1, first: 'rules.yaml:1:1 it is empty' } };
  assert.equal(kinds(troubled).filter((kind) => kind === 'overview').length, 5, 'the line takes room');
  assert.deepEqual(
    inOrder(burning(0).services)
      .slice(0, 4)
      .map(({ name }) => name),
    ['tax', 'payments', 'shop', 'catalogue'],
  );
});

test('one line says how things are', () => {
  assert.deepEqual(verdict(calm(0)), { state: 'ok', words: 'All is well' });
  assert.deepEqual(verdict(restless(0)), { state: 'degraded', words: 'receipts is degraded' });
  assert.deepEqual(verdict(burning(0)), { state: 'down', words: 'tax is down and 2 more' });
  const ticketOnly = { ...restless(0), services: calm(0).services };
  assert.deepEqual(verdict(ticketOnly), { state: 'degraded', words: '1 ticket' });
  assert.deepEqual(verdict({ services: [], alerts: [] }), { state: 'unknown', words: 'No services' });
});
