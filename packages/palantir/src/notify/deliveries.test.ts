import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoblinError, testTelemetry, virtualClock } from '@goblin/core';
import { createDeliveries, type Deliveries, type DeliveriesOptions } from './deliveries.ts';
import { startReceiver } from './fixtures/receiver.ts';
import { messageOf, START_MS, testState } from './fixtures/samples.ts';
import { until } from './fixtures/until.ts';
import type { Fetch } from './http-post.ts';
import type { Message } from './message.ts';
import type { Notifier } from './notifier.ts';
import { wordingOf } from './notifiers/setup.ts';
import { webhookNotifier } from './notifiers/webhook.ts';
import { GIVE_UP_MS, HAND_ON_MS } from './queue-worker.ts';
import { MAX_WAITING } from './queues.ts';

const BASE_URL = 'http://palantir.test';

interface Running extends AsyncDisposable {
  readonly deliveries: Deliveries;
  readonly clock: ReturnType<typeof virtualClock>;
  readonly telemetry: ReturnType<typeof testTelemetry>;
}

function start(
  options: Pick<DeliveriesOptions, 'state' | 'routes'> & {
    readonly notifiers: (clock: Running['clock']) => readonly Notifier[];
    readonly clock?: Running['clock'];
  },
): Running {
  const { state, routes, notifiers, clock = virtualClock(START_MS) } = options;
  const telemetry = testTelemetry({ clock });
  const deliveries = createDeliveries({
    ...{ state, clock, log: telemetry.log, metrics: telemetry.metrics, random: () => 0.5 },
    notifiers: notifiers(clock),
    ...(routes && { routes }),
  });
  const stopping = new AbortController();
  const ended = deliveries.run(stopping.signal);
  return {
    deliveries,
    clock,
    telemetry,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

/** How many requests are under way. */
let underWay = 0;

async function counted(url: string, init: RequestInit): Promise<Response> {
  underWay++;
  try {
    return await fetch(url, init);
  } finally {
    underWay--;
  }
}

const webhook =
  (name: string, url: string, ask: Fetch = counted) =>
  (clock: Running['clock']): Notifier =>
    webhookNotifier({ name, kind: 'webhook', url }, wordingOf(undefined, BASE_URL), {
      ...{ fetch: ask, clock, baseUrl: BASE_URL },
    });

const titles = (received: readonly { body: Record<string, unknown> }[]): string[] =>
  received.map(({ body }) => (body.commonAnnotations as { title: string }).title);

function count(one: Running, metric: string, notifier: string): number {
  const [found] = one.telemetry.metrics.snapshot([metric]).metrics;
  return found?.series.find(({ labels }) => labels[0] === notifier)?.value ?? 0;
}

/** Moves time on while no request is under way, until something real has happened. */
async function passing(one: Running, stepMs: number, what: string, isSo: () => boolean): Promise<void> {
  await until(what, () => {
    if (isSo()) return true;
    if (underWay === 0) void one.clock.advance(stepMs);
    return false;
  });
}

test('messages of one notifier arrive in their order, each once', async () => {
  await using receiver = await startReceiver();
  using kept = testState();
  await using one = start({
    state: kept.state,
    notifiers: (clock) => [webhook('hook', receiver.url)(clock)],
  });
  for (let i = 0; i < 10; i++)
    one.deliveries.tell(messageOf({ key: `k${i}`, thread: `t${i}`, title: `no. ${i}` }));
  one.deliveries.tell(messageOf({ key: 'k3', thread: 't3', title: 'again' }));
  await until('all arrived', () => receiver.taken.length === 10);
  assert.deepEqual(
    titles(receiver.taken),
    Array.from({ length: 10 }, (_, i) => `PAGE: no. ${i}`),
  );
  assert.equal(new Set(receiver.taken.map(({ headers }) => headers['webhook-id'])).size, 10);
});

test('what is told in a transaction that fails is not told', async () => {
  await using receiver = await startReceiver();
  using kept = testState();
  await using one = start({
    state: kept.state,
    notifiers: (clock) => [webhook('hook', receiver.url)(clock)],
  });
  assert.throws(() =>
    kept.state.transaction(() => {
      one.deliveries.tell(messageOf({ key: 'lost', title: 'lost' }));
      throw new Error('the disk is full');
    }),
  );
  one.deliveries.tell(messageOf({ key: 'kept', thread: 'kept', title: 'kept' }));
  await until('one arrived', () => receiver.taken.length === 1);
  assert.deepEqual(titles(receiver.taken), ['PAGE: kept']);
});

test('a receiver that answers 500, drops the connection or hangs gets the message again, with the same key', async () => {
  await using receiver = await startReceiver();
  receiver.next.push({ status: 500 }, 'drop', 'hang');
  using kept = testState();
  await using one = start({
    state: kept.state,
    notifiers: (clock) => [webhook('hook', receiver.url)(clock)],
  });
  one.deliveries.tell(messageOf());
  await until('the first attempt', () => receiver.received.length === 1);
  await passing(one, 100, 'the third attempt hangs', () => receiver.received.length === 3);
  await one.clock.advance(15_000);
  await passing(one, 100, 'it is taken', () => receiver.taken.length === 1);
  assert.equal(receiver.received.length, 4);
  assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1);
  await until('it is written down', () => one.deliveries.status()[0]!.state === 'ok');
  assert.equal(count(one, 'notifications_failures_total', 'hook'), 3);
});

test('Retry-After is kept to, in seconds and as a date', async () => {
  await using receiver = await startReceiver();
  receiver.next.push(
    { status: 429, headers: { 'retry-after': '30' } },
    { status: 503, headers: { 'retry-after': new Date(START_MS + 90_000).toUTCString() } },
  );
  using kept = testState();
  await using one = start({
    state: kept.state,
    notifiers: (clock) => [webhook('hook', receiver.url)(clock)],
  });
  const failed = (times: number) => () => count(one, 'notifications_failures_total', 'hook') === times;
  one.deliveries.tell(messageOf());
  await until('it was refused', failed(1));
  await one.clock.advance(29_900);
  assert.equal(receiver.received.length, 1);
  await one.clock.advance(200);
  await until('it was refused again', failed(2));
  await one.clock.advance(START_MS + 89_900 - one.clock.wall());
  assert.equal(receiver.received.length, 2);
  await one.clock.advance(200);
  await until('it was taken', () => receiver.taken.length === 1);
});

test('a receiver that is down for minutes gets all messages in order when it is back', async () => {
  using kept = testState();
  const receiver = await startReceiver();
  const { url } = receiver;
  await receiver[Symbol.asyncDispose]();
  let isDown = true;
  let back: Awaited<ReturnType<typeof startReceiver>> | undefined;
  // The port may belong to somebody else when it is back.
  const ask = (address: string, init: RequestInit) => counted(isDown ? address : back!.url, init);
  await using one = start({ state: kept.state, notifiers: (clock) => [webhook('hook', url, ask)(clock)] });
  for (let i = 0; i < 5; i++)
    one.deliveries.tell(messageOf({ key: `k${i}`, thread: `t${i}`, title: `${i}` }));
  await passing(one, 1_000, 'it has failed for ten minutes', () => one.clock.now() > 600_000);
  assert.equal(one.deliveries.status()[0]!.state, 'failing');
  assert.equal(one.deliveries.status()[0]!.waiting, 5);
  await using up = await startReceiver();
  back = up;
  isDown = false;
  await passing(one, 10_000, 'all arrived', () => up.taken.length === 5);
  assert.deepEqual(titles(up.taken), ['PAGE: 0', 'PAGE: 1', 'PAGE: 2', 'PAGE: 3', 'PAGE: 4']);
});

test('while a notifier fails the next one of its route is told, and it is told itself when it is back', async () => {
  await using first = await startReceiver({ status: 503 });
  await using second = await startReceiver();
  using kept = testState();
  await using one = start({
    state: kept.state,
    notifiers: (clock) => [webhook('first', first.url)(clock), webhook('second', second.url)(clock)],
    routes: [{ severity: 'page', to: ['first', 'second'] }],
  });
  one.deliveries.tell(messageOf({ key: 'a', title: 'a' }));
  await until('it failed', () => count(one, 'notifications_failures_total', 'first') === 1);
  assert.equal(second.received.length, 0);
  await passing(one, 1_000, 'the second was told', () => second.taken.length === 1);
  assert.ok(one.clock.now() >= HAND_ON_MS, 'not before the first has had its time');
  one.deliveries.tell(messageOf({ key: 'b', thread: 'other', title: 'b' }));
  await until('the second is told at once', () => second.taken.length === 2);
  assert.deepEqual(titles(second.taken), ['PAGE: a', 'PAGE: b']);
  assert.equal(count(one, 'notifications_handed_on_total', 'first'), 2);
  first.behaviour = { status: 200 };
  await passing(one, 10_000, 'the first was told', () => first.taken.length === 2);
  one.deliveries.tell(messageOf({ key: 'c', reason: 'resolved', title: 'a' }));
  await until('both hear that it is over', () => first.taken.length === 3 && second.taken.length === 3);
});

test('a notifier whose settings are wrong is stood in for at once', async () => {
  await using second = await startReceiver();
  await using first = await startReceiver({ status: 403 });
  using kept = testState();
  await using one = start({
    state: kept.state,
    notifiers: (clock) => [webhook('first', first.url)(clock), webhook('second', second.url)(clock)],
  });
  one.deliveries.tell(messageOf());
  await until('the second was told', () => second.taken.length === 1);
  assert.match(one.deliveries.status()[0]!.error!, /403/);
});

test('a message that the receiver will never take is dead at once and holds up no other', async () => {
  await using receiver = await startReceiver();
  receiver.next.push({ status: 400, body: 'no such field' });
  using kept = testState();
  await using one = start({
    state: kept.state,
    notifiers: (clock) => [webhook('hook', receiver.url)(clock)],
  });
  one.deliveries.tell(messageOf({ key: 'bad', title: 'bad' }));
  one.deliveries.tell(messageOf({ key: 'good', thread: 'good', title: 'good' }));
  await until('the second was taken', () => receiver.taken.length === 1);
  const [dead] = one.deliveries.dead();
  assert.equal(dead?.title, 'bad');
  assert.match(dead.error, /400: no such field/);
  assert.equal(count(one, 'notifications_dead_total', 'hook'), 1);
});

test('a message that cannot be delivered for hours is given up, kept and shown', async () => {
  using kept = testState();
  const never: Notifier = {
    ...{ name: 'never', kind: 'test', takes: () => true },
    send: async () => {
      throw new GoblinError('UNAVAILABLE', { message: 'nobody is there' });
    },
  };
  await using one = start({ state: kept.state, notifiers: () => [never] });
  one.deliveries.tell(messageOf());
  await one.clock.advance(GIVE_UP_MS - 60_000);
  assert.equal(one.deliveries.status()[0]!.waiting, 1);
  await one.clock.advance(600_000);
  assert.equal(one.deliveries.status()[0]!.waiting, 0);
  assert.equal(one.deliveries.status()[0]!.dead, 1);
  assert.equal(one.deliveries.dead()[0]!.error, 'nobody is there');
});

test('a queue is bounded: what is beyond is told as one, but what begins and ends incidents is told', async () => {
  using kept = testState();
  const sent: Message[] = [];
  let isUp = false;
  const notifier: Notifier = {
    ...{ name: 'slow', kind: 'test', takes: () => true },
    async send(message) {
      if (!isUp) throw new GoblinError('UNAVAILABLE');
      sent.push(message);
      return {};
    },
  };
  await using one = start({
    state: kept.state,
    notifiers: () => [notifier],
    routes: [
      { severity: 'ticket', to: ['slow'] },
      { severity: 'page', to: ['slow'] },
    ],
  });
  const { incident: _, ...ticket } = messageOf({ severity: 'ticket', reason: 'firing' });
  for (let i = 0; i < MAX_WAITING + 40; i++)
    one.deliveries.tell({ ...ticket, key: `k${i}`, thread: `t${i}`, title: `no. ${i}` });
  one.deliveries.tell(messageOf({ title: 'a page' }));
  assert.equal(one.deliveries.status()[0]!.waiting, MAX_WAITING + 2);
  assert.equal(count(one, 'notifications_folded_total', 'slow'), 40);
  isUp = true;
  await one.clock.advance(600_000);
  await until('all is told', () => one.deliveries.status()[0]!.waiting === 0);
  const [fold, page] = sent.slice(MAX_WAITING);
  assert.equal(fold!.folded, 40);
  assert.match(fold!.title, /^and 40 more, .* no\. 139$/);
  assert.equal(page!.title, 'a page');
});

test('what waits when the process ends is sent by the next one', async () => {
  await using receiver = await startReceiver({ status: 503 });
  using kept = testState();
  const clock = virtualClock(START_MS);
  const notifiers = () => [webhook('hook', receiver.url)(clock)];
  {
    await using one = start({ state: kept.state, notifiers, clock });
    one.deliveries.tell(messageOf());
    await until('it failed', () => count(one, 'notifications_failures_total', 'hook') === 1);
  }
  receiver.behaviour = { status: 200 };
  await using next = start({ state: kept.reopen(), notifiers, clock });
  await passing(next, 1_000, 'it was taken', () => receiver.taken.length === 1);
  await until('it is written down', () => next.deliveries.status()[0]!.waiting === 0);
  assert.equal(receiver.received.length, 2);
});

test('other settings count for what waits; what waits for a notifier that is gone goes to who stands in', async () => {
  await using receiver = await startReceiver();
  using kept = testState();
  const down: Notifier = {
    ...{ name: 'down', kind: 'test', takes: () => true },
    send: async () => {
      throw new GoblinError('UNAVAILABLE');
    },
  };
  await using one = start({
    state: kept.state,
    notifiers: (clock) => [down, webhook('hook', receiver.url)(clock)],
    routes: [{ severity: 'page', to: ['down', 'hook'] }],
  });
  one.deliveries.tell(messageOf());
  await until('it failed', () => count(one, 'notifications_failures_total', 'down') === 1);
  one.deliveries.configure({ notifiers: [webhook('hook', receiver.url)(one.clock)] });
  await passing(one, 10_000, 'who stands in was told', () => receiver.taken.length === 1);
});

test('a test is sent past the queue, and says what goes wrong', async () => {
  await using receiver = await startReceiver();
  receiver.next.push({ status: 200 }, { status: 401, body: 'who are you' });
  using kept = testState();
  await using one = start({
    state: kept.state,
    notifiers: (clock) => [webhook('hook', receiver.url)(clock)],
  });
  const { signal } = new AbortController();
  await one.deliveries.test('hook', signal);
  assert.deepEqual(titles(receiver.taken), ['Test: this is how Palantir reaches you']);
  await assert.rejects(one.deliveries.test('hook', signal), { message: 'it answers 401: who are you' });
  await assert.rejects(one.deliveries.test('hok', signal), { code: 'NOT_FOUND' });
});
