import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import test from 'node:test';
import { metricOf, running, toolsFor, until } from '../testing/collecting.ts';
import { FULL, type RecordingStore, recordingStore } from '../testing/recording-store.ts';
import { type StatsdCollector, type StatsdOptions, statsd } from './statsd.ts';

interface Listening extends AsyncDisposable {
  readonly store: RecordingStore;
  readonly lost: number;
  send(...datagrams: readonly string[]): Promise<void>;
}

async function listening(options: StatsdOptions = {}): Promise<Listening> {
  const store = recordingStore();
  const tools = toolsFor(store);
  const collector: StatsdCollector = statsd(tools, { port: 0, flushMs: 50, ...options });
  const stopped = running(collector);
  await until(() => collector.address !== undefined, 'it listens');
  const socket = createSocket('udp4');
  return {
    store,
    get lost() {
      return metricOf(tools.metrics, 'collector_lost_total', 'statsd');
    },
    async send(...datagrams) {
      const { port, host } = collector.address!;
      for (const datagram of datagrams)
        await new Promise<void>((resolve) => socket.send(datagram, port, host, () => resolve()));
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await stopped[Symbol.asyncDispose]();
    },
  };
}

test('counters, gauges, timers and sets of many datagrams become series, with their tags', async () => {
  await using one = await listening();
  await one.send('paid:1|c|#country:FR\nopen:5|g', 'paid:2|c|#country:FR', 'open:+2|g', 'pay:250|ms');
  await one.send('users:ada|s\nusers:grace|s\nusers:ada|s|#site:a');
  const { store } = one;
  await until(() => store.valueOf('paid_total', { country: 'FR' }) === 3, 'the counter');
  await until(() => store.valueOf('open') === 7, 'the gauge');
  await until(() => store.valueOf('pay_seconds_count') === 1, 'the timer');
  assert.equal(store.valueOf('pay_seconds_sum'), 0.25);
  await until(() => store.valueOf('users', { site: 'a' }) === 1, 'the set with a tag');
  assert.ok(store.samples.some(({ series, value }) => series.__name__ === 'users' && value === 2));
  await one.send('paid:4|c|#country:FR');
  await until(() => store.valueOf('paid_total', { country: 'FR' }) === 7, 'the total goes on');
});

test('what cannot be read is counted, and what is good in the same datagram is kept', async () => {
  await using one = await listening();
  await one.send('nonsense\nvisits:1|c\nx:|c');
  await until(() => one.store.valueOf('visits_total') === 1, 'the good line');
  assert.equal(one.lost, 2);
});

test('what comes while the store is full, and more than the queue holds, is dropped and counted', async () => {
  await using one = await listening();
  one.store.failure = FULL;
  await one.send('lost_one:1|c');
  await until(() => one.lost === 1, 'it is counted');
  one.store.failure = undefined;
  let open = (): void => {};
  one.store.gate = new Promise((resolve) => {
    open = resolve;
  });
  await one.send('first:1|c');
  // The store holds the first; what the queue can hold waits, and the rest is dropped.
  const large = `x:1|c|#t:${'x'.repeat(60_000)}`;
  for (let i = 0; i < 200 && one.lost < 3; i++) {
    await one.send(large);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(one.lost >= 3, 'nothing was dropped');
  open();
  one.store.gate = undefined;
  await one.send('after:1|c');
  await until(async () => {
    await one.send('after:1|c');
    return (one.store.valueOf('after_total') ?? 0) > 0;
  }, 'it goes on');
});

test('a port that another has is said once and tried again', async () => {
  const other = createSocket('udp4');
  await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', resolve));
  const { port } = other.address();
  const tools = toolsFor(recordingStore());
  const collector = statsd(tools, { port });
  await using _ = running(collector);
  await until(() => metricOf(tools.metrics, 'collector_failures_total', 'statsd') > 0, 'it fails');
  assert.equal(collector.address, undefined);
  other.close();
  await until(() => collector.address?.port === port, 'it listens');
});
