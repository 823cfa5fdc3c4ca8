import assert from 'node:assert/strict';
import { test } from 'node:test';
import { burning } from '../../../test/wall-states.fixture.ts';
import { seenNow } from './seen-now.ts';

test('of a service that is well again no word stays of what was wrong, and what people wrote about it stays', () => {
  const [service] = burning(Date.UTC(2026, 10, 21)).services;
  const { detail: _, ...well } = { ...service!, state: 'ok' } as const;
  const said = {
    ...service!,
    state: 'degraded',
    detail: 'calls have waited for it for 2 s',
    owner: 'finance',
  } as const;
  const seen = seenNow(said, well);
  assert.equal(seen.state, 'ok');
  assert.equal(seen.detail, undefined);
  assert.equal(seen.owner, 'finance');
  assert.equal(seenNow(undefined, said).detail, 'calls have waited for it for 2 s');
});
