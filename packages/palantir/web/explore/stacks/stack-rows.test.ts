import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StackService } from '../../../src/settings/stack/stack.ts';
import { calm } from '../../../test/wall-states.fixture.ts';
import { type ComparedStack, rowsOf } from './stack-rows.ts';

const service = (name: string, more: Partial<StackService> = {}): StackService => ({
  ...{ name, image: `${name}:1`, mode: 'replicated', replicas: 2 },
  ...{ constraints: [], ports: [], networks: [], labels: {}, ...more },
});
const stack = (more: Partial<ComparedStack>): ComparedStack => ({
  ...{ file: 'stack.yaml', services: [], differences: [], ...more },
});

test('each service stands beside what runs of it, those that differ first', () => {
  const missing = {
    service: 'search',
    kind: 'missing',
    wanted: '2',
    found: '0',
    message: 'it does not run',
  } as const;
  const rows = rowsOf(
    stack({
      services: [service('tax'), service('search'), service('edge', { mode: 'global' })],
      differences: [missing],
    }),
    calm(0).swarm,
  );
  assert.deepEqual(
    rows.map(({ name, wanted, found, differences }) => [name, wanted, found, differences.length]),
    [
      ['search', '2 × search:1', '', 1],
      ['tax', '2 × tax:1', '2 × a41f09c', 0],
      ['edge', 'on each node: edge:1', '1 × a41f09c', 0],
    ],
  );
});

test('what runs and is not in the file has a row of its own, and names are those under which it runs', () => {
  const odd = {
    service: 'shop_old',
    kind: 'unexpected',
    wanted: '0',
    found: '1',
    message: 'it runs',
  } as const;
  const rows = rowsOf(
    stack({ name: 'shop', services: [service('tax'), service('new')], differences: [odd] }),
    undefined,
  );
  assert.deepEqual(
    rows.map(({ name, wanted }) => [name, wanted]),
    [
      ['shop_old', ''],
      ['shop_tax', '2 × tax:1'],
      ['shop_new', '2 × new:1'],
    ],
  );
});
