import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { difference } from './difference.ts';
import { liveReader } from './testing/live-reader.ts';
import { type Version, version } from './version.ts';
import { STUCK_MS, versionStream } from './version-stream.ts';

interface State {
  readonly count: number;
}

/** A state that is counted up, and those who watch it. */
function counting() {
  const watchers = new Set<(version: Version) => void>();
  let newest = version(1, { count: 1 });
  return {
    watchers,
    watch(show: (version: Version) => void) {
      watchers.add(show);
      show(newest);
      return () => watchers.delete(show);
    },
    up() {
      const number = newest.number + 1;
      const patch = difference({ count: newest.number }, { count: number });
      newest = version(number, { count: number }, patch);
      for (const show of watchers) show(newest);
    },
  };
}

const { signal } = new AbortController();

test('a reader gets the whole once, and then what changes', async () => {
  const state = counting();
  const { body, headers } = versionStream(signal, virtualClock(), state.watch);
  assert.equal(headers.get('content-type'), 'text/event-stream');
  const reader = liveReader<State>(body!);
  await reader.next();
  for (let count = 2; count <= 5; count++) {
    state.up();
    await reader.next();
    assert.deepEqual(reader.state, { count });
  }
  assert.deepEqual(reader.events, ['wall', 'change', 'change', 'change', 'change']);
  await reader.cancel();
  assert.equal(state.watchers.size, 0);
});

test('a reader that is slow gets the newest as a whole, and nothing of what was between', async () => {
  const state = counting();
  const reader = liveReader<State>(versionStream(signal, virtualClock(), state.watch).body!);
  await reader.next();
  for (let count = 2; count <= 1_000; count++) state.up();
  await reader.next();
  await reader.next();
  assert.deepEqual(reader.state, { count: 1_000 });
  assert.deepEqual(reader.events, ['wall', 'change', 'wall'], 'what had been handed over, then the newest');
  state.up();
  await reader.next();
  assert.deepEqual([reader.state, reader.events.at(-1)], [{ count: 1_001 }, 'change']);
});

test('a reader that takes nothing is given up, one that has nothing to take is not', async () => {
  const [state, clock] = [counting(), virtualClock()];
  const stuck = versionStream(signal, clock, state.watch).body!;
  const patient = liveReader<State>(versionStream(signal, clock, state.watch).body!);
  await patient.next();
  const next = patient.next();
  await clock.advance(2 * STUCK_MS);
  assert.equal(state.watchers.size, 1);
  await assert.rejects(stuck.getReader().read(), { code: 'UNAVAILABLE' });
  state.up();
  assert.equal(await next, true);
});

test('when the server ends so does the stream, and nobody is watched for any more', async () => {
  const [state, server] = [counting(), new AbortController()];
  const reader = liveReader<State>(versionStream(server.signal, virtualClock(), state.watch).body!);
  await reader.next();
  server.abort();
  assert.equal(await reader.next(), false);
  assert.equal(state.watchers.size, 0);
  const late = liveReader<State>(versionStream(server.signal, virtualClock(), state.watch).body!);
  while (await late.next());
  assert.equal(state.watchers.size, 0);
});
