import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CallOptions,
  type Client,
  clientOf,
  type GoblinError,
  type TestTelemetry,
  testTelemetry,
  virtualClock,
} from '@goblin/core';
import { peerAt } from '../testing/peer-at.ts';
import { probe } from '../testing/transport-cases.ts';
import { until } from '../testing/until.ts';
import type { Transport } from '../transport.ts';
import { CALL, CANCEL, DRAIN, END, ERROR, HELLO, ITEM, METHOD, PING, PONG, REPLY, WINDOW } from './frames.ts';
import { type LinkTransportOptions, linkTransport } from './link-transport.ts';
import { frame, hello, type RawLink, rawAnswerer } from './testing/raw-link.ts';
import { metric, serveLinks } from './testing/serve-links.ts';

interface Caller extends AsyncDisposable {
  readonly client: Client<typeof probe>;
  readonly transport: Transport;
  readonly telemetry: TestTelemetry;
}

function callerOf(address: { host: string; port: number }, options: LinkTransportOptions = {}): Caller {
  const telemetry = testTelemetry();
  const transport = linkTransport({ telemetry, ...options });
  const peer = peerAt(address);
  const alive = setInterval(() => {}, 60_000);
  return {
    client: clientOf(probe, (call) => transport.call(peer, call)),
    transport,
    telemetry,
    async [Symbol.asyncDispose]() {
      clearInterval(alive);
      await transport.close();
    },
  };
}

interface Rig extends Caller {
  /** The other end, once the caller has opened its link. It has not said hello yet. */
  readonly other: Promise<RawLink>;
}

/** A caller of an end that says what the test wants. */
async function rig(options: LinkTransportOptions = {}): Promise<Rig> {
  const answerer = await rawAnswerer();
  const caller = callerOf({ host: '127.0.0.1', port: answerer.port }, options);
  return {
    ...caller,
    other: answerer.link,
    async [Symbol.asyncDispose]() {
      await answerer[Symbol.asyncDispose]();
      await caller[Symbol.asyncDispose]();
    },
  };
}

/** Begins a call and lets the other end say hello and see it. */
async function called(
  r: Rig,
  options?: CallOptions,
): Promise<{ answer: Promise<unknown>; other: RawLink; id: number }> {
  const answer = r.client.echo({ text: 'x' }, options);
  answer.catch(() => {});
  const other = await r.other;
  other.send(hello());
  const { id } = await other.receive(CALL);
  return { answer, other, id };
}

test('calls wait while the link opens, and all share it', async () => {
  await using r = await rig();
  const answers = ['a', 'b', 'c'].map((text) => r.client.echo({ text }));
  const other = await r.other;
  await other.receive(HELLO);
  assert.equal(other.frames.length, 1);
  other.send(hello());
  await until(() => other.frames.length === 5, 'one method is defined and three calls are sent');
  const [, method, ...calls] = other.frames;
  assert.deepEqual([method!.type, method!.body.toString()], [METHOD, '/probe.v1/echo']);
  for (const { id, body } of calls) {
    const text = body.toString().match(/"text":"(.)"/)![1]!;
    other.send(frame(REPLY, id, JSON.stringify({ text: text.toUpperCase() })));
  }
  assert.deepEqual(await Promise.all(answers), [{ text: 'A' }, { text: 'B' }, { text: 'C' }]);
});

test('a peer that nobody listens at was surely not begun', async () => {
  await using served = await rawAnswerer();
  await served[Symbol.asyncDispose]();
  await using caller = callerOf({ host: '127.0.0.1', port: served.port });
  await assert.rejects(caller.client.echo({ text: 'x' }), {
    code: 'CONNECTION_FAILED',
    data: { started: false },
  });
});

test('a link that ends before its hello has surely not begun anything', async () => {
  await using r = await rig();
  const answer = r.client.echo({ text: 'x' });
  (await r.other).socket.destroy();
  await assert.rejects(answer, { code: 'CONNECTION_FAILED', data: { started: false } });
});

test('a link that ends before the answer leaves open whether the call was begun', async () => {
  await using r = await rig();
  const { answer, other } = await called(r);
  other.socket.resetAndDestroy();
  await assert.rejects(answer, (error: GoblinError) => {
    assert.deepEqual([error.code, error.data], ['CONNECTION_FAILED', undefined]);
    return true;
  });
});

test('a stream that had begun says so when its link ends', async () => {
  await using r = await rig();
  const items = r.client.count({ to: 9, padding: 0 })[Symbol.asyncIterator]();
  const first = items.next();
  const other = await r.other;
  other.send(hello());
  const { id } = await other.receive(CALL);
  other.send(frame(ITEM, id, '{"n":1,"padding":""}'));
  await first;
  other.socket.destroy();
  await assert.rejects(items.next(), { code: 'CONNECTION_FAILED', data: { started: true } });
});

test('an end that breaks the protocol loses this link, and the next call opens another one', async () => {
  const wrong = {
    'an unknown frame': (id: number) => frame(77, id),
    'an item for a call with one answer': (id: number) => frame(ITEM, id, '1'),
    'the end of a stream for a call with one answer': (id: number) => frame(END, id),
    'a frame that is too long': () => Buffer.from([0xff, 0xff, 0xff, 0xff]),
    'a frame without a head': () => Buffer.from([0, 0, 0, 1, 1]),
  };
  for (const [what, bytes] of Object.entries(wrong)) {
    await using r = await rig();
    const { answer, other, id } = await called(r);
    other.send(bytes(id));
    await assert.rejects(answer, { code: 'CONNECTION_FAILED' }, what);
    await until(() => other.ended, `the link is closed after ${what}`);
    assert.equal(metric(r.telemetry, 'link_violations_total', 'client'), 1);
  }
  await using r = await rig();
  const again = r.client.echo({ text: 'x' });
  (await r.other).send(frame(REPLY, 0, '{}'));
  await assert.rejects(again, { code: 'CONNECTION_FAILED', data: { started: false } });
});

test('after the other end came back, calls reach it by a new link', async () => {
  const before = await serveLinks();
  await using caller = callerOf({ host: '127.0.0.1', port: before.port });
  assert.deepEqual(await caller.client.echo({ text: 'x' }), { text: 'x' });
  await before[Symbol.asyncDispose]();
  await assert.rejects(caller.client.echo({ text: 'x' }), { data: { started: false } });
  await using _after = await serveLinks({}, before.port);
  assert.deepEqual(await caller.client.echo({ text: 'y' }), { text: 'y' });
});

test('an answer that is none fails its call alone', async () => {
  await using r = await rig();
  const { answer, other, id } = await called(r);
  other.send(frame(REPLY, id, '{"text":'));
  await assert.rejects(answer, { code: 'BAD_ANSWER' });
  const next = r.client.echo({ text: 'y' });
  await until(() => other.frames.filter(({ type }) => type === CALL).length === 2, 'the next call is sent');
  other.send(frame(ERROR, other.frames.at(-1)!.id, '"no error"'));
  await assert.rejects(next, { code: 'BAD_ANSWER' });
});

test('an answer that comes after its call was cancelled is not given to another one', async () => {
  await using r = await rig();
  const leave = new AbortController();
  const { answer, other, id } = await called(r, { signal: leave.signal });
  leave.abort();
  await assert.rejects(answer, { code: 'CANCELED' });
  assert.equal((await other.receive(CANCEL)).id, id);
  const next = r.client.echo({ text: 'next' });
  await until(() => other.frames.at(-1)!.type === CALL, 'the next call is sent');
  other.send(frame(REPLY, id, '{"text":"late"}'), frame(REPLY, other.frames.at(-1)!.id, '{"text":"own"}'));
  assert.deepEqual(await next, { text: 'own' });
});

test('when the other end drains, what runs is finished, nothing new begins, and the link is closed', async () => {
  await using r = await rig();
  const { answer, other, id } = await called(r);
  other.send(frame(DRAIN, 0), frame(PING, 1));
  await other.receive(PONG);
  await assert.rejects(r.client.echo({ text: 'new' }), { code: 'UNAVAILABLE', data: { started: false } });
  assert.ok(!other.ended);
  other.send(frame(REPLY, id, '{"text":"done"}'));
  assert.deepEqual(await answer, { text: 'done' });
  await until(() => other.ended, 'the link is closed');
});

test('no more is sent than the other end takes', async () => {
  await using r = await rig();
  const first = r.client.hang({});
  first.catch(() => {});
  const other = await r.other;
  other.send(hello({ maxCalls: 2, maxStreams: 1, maxPayloadBytes: 100 }));
  await other.receive(CALL);
  await assert.rejects(r.client.echo({ text: 'x'.repeat(100) }), {
    code: 'PAYLOAD_TOO_LARGE',
    data: { limit: 100 },
  });
  await assert.rejects(r.client.echo({ text: 5n as unknown as string }), { code: 'INVALID_INPUT' });
  const stream = r.client.tick({})[Symbol.asyncIterator]();
  stream.next().catch(() => {});
  await until(() => other.frames.filter(({ type }) => type === CALL).length === 2, 'a stream is open');
  for (const refused of [r.client.echo({ text: 'x' }), r.client.tick({})[Symbol.asyncIterator]().next()])
    await assert.rejects(refused, { code: 'UNAVAILABLE', data: { started: false } });
});

test('calls are refused rather than kept when the other end does not read', async () => {
  await using r = await rig();
  const { other } = await called(r);
  other.socket.pause();
  let refusal: GoblinError | undefined;
  for (let sent = 0; sent < 200 && !refusal; sent++) {
    r.client.echo({ text: 'x'.repeat(500_000) }, { deadline: '2s' }).catch((error: GoblinError) => {
      if (error.code === 'UNAVAILABLE') refusal = error;
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(refusal?.data, { started: false });
});

test('a stream is sent no more than its window, and more when its reader has taken it', async () => {
  await using r = await rig({ windowBytes: 1_000 });
  const items = r.client.count({ to: 9, padding: 0 })[Symbol.asyncIterator]();
  const first = items.next();
  const other = await r.other;
  other.send(hello());
  const { id } = await other.receive(CALL);
  const item = frame(ITEM, id, JSON.stringify({ n: 1, padding: 'x'.repeat(280) }));
  other.send(item, item, item);
  await first;
  await items.next();
  const { body } = await other.receive(WINDOW);
  assert.equal(body.readUInt32BE(), 2 * item.length);
  other.send(item, item, item, item, item);
  await until(() => other.ended, 'who sends more loses the link');
  await assert.rejects(
    async () => {
      for (;;) await items.next();
    },
    { code: 'CONNECTION_FAILED' },
  );
});

test('an idle link is closed after a minute, and opened anew by the next call', async () => {
  const clock = virtualClock();
  await using served = await serveLinks();
  await using caller = callerOf({ host: '127.0.0.1', port: served.port }, { clock });
  await caller.client.echo({ text: 'x' });
  await clock.advance(59_000);
  assert.equal(metric(caller.telemetry, 'link_open', 'client'), 1);
  await clock.advance(3_000);
  assert.equal(metric(caller.telemetry, 'link_open', 'client'), 0);
  await until(() => metric(served.telemetry, 'link_open', 'server') === 0, 'the other end has closed it too');
  assert.deepEqual(await caller.client.echo({ text: 'again' }), { text: 'again' });
});

test('an end that is silent is asked for a sign of life, and given up without one', async () => {
  const clock = virtualClock();
  await using r = await rig({ clock });
  const { answer, other } = await called(r, { deadline: '60s' });
  await clock.advance(3_000);
  other.send(frame(PONG, (await other.receive(PING)).id), frame(PING, 5));
  await other.receive(PONG);
  await clock.advance(4_000);
  assert.equal(metric(r.telemetry, 'link_open', 'client'), 1);
  await clock.advance(3_000);
  await assert.rejects(answer, { code: 'CONNECTION_FAILED' });
});

test('an end that does not say hello is given up, and surely began nothing', async () => {
  const clock = virtualClock();
  await using r = await rig({ clock });
  const answer = r.client.echo({ text: 'x' });
  answer.catch(() => {});
  await r.other;
  await clock.advance(4_000);
  await assert.rejects(answer, { code: 'CONNECTION_FAILED', data: { started: false } });
});

test('closing the transport lets what runs finish and takes nothing new', async () => {
  await using r = await rig();
  const { answer, other, id } = await called(r);
  const closed = r.transport.close();
  await assert.rejects(r.client.echo({ text: 'late' }), { code: 'UNAVAILABLE', data: { started: false } });
  other.send(frame(REPLY, id, '{"text":"x"}'));
  assert.deepEqual(await answer, { text: 'x' });
  await closed;
  await until(() => other.ended, 'the link is closed');
});

test('ten thousand calls run at a time', async () => {
  await using served = await serveLinks();
  await using caller = callerOf({ host: '127.0.0.1', port: served.port });
  const leave = new AbortController();
  const hanging = Array.from({ length: 10_000 }, () => caller.client.hang({}, { signal: leave.signal }));
  const settled = Promise.allSettled(hanging);
  await until(() => served.record.running === 10_000, 'all run');
  assert.equal(metric(served.telemetry, 'link_open', 'server'), 1);
  const echoes = await Promise.all(
    Array.from({ length: 5_000 }, (_, i) => caller.client.echo({ text: `${i}` })),
  );
  assert.ok(echoes.every(({ text }, i) => text === `${i}`));
  leave.abort();
  assert.ok((await settled).every(({ status }) => status === 'rejected'));
  await until(() => served.record.running === 0, 'all handlers have ended');
  assert.equal(metric(served.telemetry, 'link_calls', 'server'), 0);
});
