import assert from 'node:assert/strict';
import test from 'node:test';
import { virtualClock } from '@goblin/core';
import { openStore } from '../../store/store.ts';
import { endedSeries } from '../ended-series.ts';
import { sampleList } from '../sample-list.ts';
import { temporaryFolder } from '../testing/collecting.ts';
import { FULL, recordingStore } from '../testing/recording-store.ts';
import { HEALTH_STATUS } from './container-samples.ts';
import { toldHealth } from './told-health.ts';

const LATER_MS = 10_000;
const { signal } = new AbortController();

function world() {
  const clock = virtualClock();
  const store = recordingStore(clock);
  const series = endedSeries();
  const told = toldHealth(store, clock);
  return {
    clock,
    store,
    /** What a collector on another node tells now: container and status. */
    async tell(statuses: Readonly<Record<string, string>>): Promise<void> {
      const list = sampleList(clock.wall(), { node: 'n2' });
      for (const [container_name, health_status] of Object.entries(statuses))
        list.add(HEALTH_STATUS, 1, { container_name, health_status });
      const samples = series.marked(list.samples, clock.wall());
      await store.append({ samples, logs: [], spans: [], rejected: [] });
    },
    async later(ms = LATER_MS): Promise<void> {
      await clock.advance(ms);
    },
    async healthOf(name: string): Promise<string | undefined> {
      return (await told.read(signal))(name)?.health;
    },
  };
}

test('health is what was told last, and of a container that is gone, or of which nobody tells, it is not known', async () => {
  const { tell, later, healthOf } = world();
  await tell({ 'web.1.a': 'starting', 'web.2.b': 'healthy' });
  assert.deepEqual([await healthOf('web.1.a'), await healthOf('web.2.b')], ['starting', 'healthy']);
  assert.equal(await healthOf('web.3.c'), undefined);
  await later();
  await tell({ 'web.1.a': 'unhealthy' });
  assert.deepEqual([await healthOf('web.1.a'), await healthOf('web.2.b')], ['unhealthy', undefined]);
  await later();
  await tell({ 'web.1.a': 'healthy' });
  assert.equal(await healthOf('web.1.a'), 'healthy');
});

test('a minute after its collector fell silent the health of a container is not known any more', async () => {
  const { tell, later, healthOf } = world();
  await tell({ 'web.1.a': 'unhealthy' });
  await later(59_000);
  assert.equal(await healthOf('web.1.a'), 'unhealthy');
  await later(2_000);
  assert.equal(await healthOf('web.1.a'), undefined);
});

test('while the store cannot be asked, what it said last counts for a minute', async () => {
  const { store, tell, later, healthOf } = world();
  await tell({ 'web.1.a': 'unhealthy' });
  assert.equal(await healthOf('web.1.a'), 'unhealthy');
  store.failure = FULL;
  await later();
  assert.equal(await healthOf('web.1.a'), 'unhealthy');
  await later(60_000);
  assert.equal(await healthOf('web.1.a'), undefined);
  store.failure = undefined;
  await tell({ 'web.1.a': 'healthy' });
  await later();
  assert.equal(await healthOf('web.1.a'), 'healthy');
});

test('the store itself answers so too, also when a status has ended', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention: { days: 2, bytes: 1e8 } });
  const clock = virtualClock(Date.now() - LATER_MS);
  const series = endedSeries();
  for (const health_status of ['starting', 'unhealthy']) {
    const list = sampleList(clock.wall(), { node: 'n2', container_name: 'web.1.a' });
    list.add(HEALTH_STATUS, 1, { health_status });
    const samples = series.marked(list.samples, clock.wall());
    await store.append({ samples, logs: [], spans: [], rejected: [] });
    await clock.advance(LATER_MS / 2);
  }
  const healthOf = await toldHealth(store, clock).read(signal);
  assert.deepEqual(healthOf('web.1.a'), { health: 'unhealthy', detail: 'its health check fails' });
});

test('a store that is slow holds up nobody, and its answer counts when it comes', async () => {
  const { store, clock, tell, healthOf } = world();
  await tell({ 'web.1.a': 'unhealthy' });
  const { promise, resolve } = Promise.withResolvers<void>();
  store.gate = promise;
  const first = healthOf('web.1.a');
  await clock.advance(500);
  assert.equal(await first, undefined);
  resolve();
  assert.equal(await healthOf('web.1.a'), 'unhealthy');
});

test('a status that Docker does not know yet, and series without a name, say nothing', async () => {
  const { store, clock, tell, healthOf } = world();
  await tell({ 'web.1.a': 'exhausted', 'web.2.b': 'constructor' });
  const series = { __name__: HEALTH_STATUS, health_status: 'healthy' };
  const samples = [{ series, atMs: clock.wall(), value: 1 }];
  await store.append({ samples, logs: [], spans: [], rejected: [] });
  for (const name of ['web.1.a', 'web.2.b', '']) assert.equal(await healthOf(name), undefined);
});
