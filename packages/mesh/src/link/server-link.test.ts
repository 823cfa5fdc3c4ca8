import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { GoblinError, virtualClock } from '@goblin/core';
import { probe } from '../testing/transport-cases.ts';
import { until } from '../testing/until.ts';
import {
  BREAK,
  CALL,
  CANCEL,
  DRAIN,
  END,
  ERROR,
  HAS_DEADLINE,
  HELLO,
  ITEM,
  METHOD,
  PING,
  PONG,
  PREFACE,
  REPLY,
  WINDOW,
} from './frames.ts';
import { callBody, type Frame, frame, hello, RawLink, rawCaller } from './testing/raw-link.ts';
import { metric, type ServedLinks, serveLinks } from './testing/serve-links.ts';

/** Numbers of methods in the order in which `named` defines them. */
const METHODS = ['echo', 'hang', 'count', 'refuse', 'tick'] as const;
type Method = (typeof METHODS)[number];

/** A caller that has named the probe's procedures. */
async function named(served: ServedLinks, limits = {}): Promise<RawLink> {
  const caller = await rawCaller(served.port, limits);
  caller.send(...METHODS.map((name, id) => frame(METHOD, id, `/probe.v1/${name}`)));
  return caller;
}

function call(id: number, method: Method, input: unknown, flags = 0, context = ''): Buffer {
  return frame(CALL, id, callBody(JSON.stringify(input), METHODS.indexOf(method), flags, context));
}

function errorOf({ body }: Frame): { code: string; message: string; data?: object } {
  return JSON.parse(body.toString());
}

async function stillServes(served: ServedLinks): Promise<void> {
  using caller = await named(served);
  caller.send(call(0, 'echo', { text: 'still there' }));
  assert.deepEqual(JSON.parse((await caller.receive(REPLY)).body.toString()), { text: 'still there' });
}

test('a call is answered by its number, in whichever pieces it comes', async () => {
  await using served = await serveLinks();
  using caller = await named(served);
  for (const byte of call(7, 'echo', { text: 'x' })) {
    caller.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { id, body } = await caller.receive(REPLY);
  assert.deepEqual([id, body.toString()], [7, '{"text":"x"}']);
});

test('whoever breaks the protocol is told how, loses the link and harms nobody else', async () => {
  await using served = await serveLinks({ limits: { maxCalls: 4, maxStreams: 1, maxMethods: 8 } });
  const hanging = call(0, 'hang', {});
  const wrong: Record<string, Uint8Array[]> = {
    'a frame that is too long': [Buffer.from([0x7f, 0, 0, 0])],
    'a frame without a head': [Buffer.from([0, 0, 0, 3, 1, 1, 1])],
    'an unknown frame': [frame(99, 0)],
    'a frame that only the other end sends': [frame(REPLY, 0, '{}')],
    'another hello': [hello()],
    'methods out of turn': [frame(METHOD, METHODS.length + 1, '/probe.v1/echo')],
    'too many methods': Array.from({ length: 4 }, (_, i) => frame(METHOD, METHODS.length + i, '/x/y')),
    'a name without end': [frame(METHOD, METHODS.length, `/${'x'.repeat(600)}`)],
    'a call of nothing': [frame(CALL, 0, callBody('{}', 77))],
    'a call without a head': [frame(CALL, 0, 'x')],
    'unknown flags': [frame(CALL, 0, callBody('{}', 0, 0x80))],
    'a context that ends early': [frame(CALL, 0, callBody('', 0, HAS_DEADLINE))],
    'a number twice': [hanging, hanging],
    'a number beyond the limit': [call(4, 'hang', {})],
    'more streams than allowed': [call(0, 'tick', {}), call(1, 'tick', {})],
    'a window without a size': [frame(WINDOW, 0, 'x')],
  };
  let violations = 0;
  for (const [what, frames] of Object.entries(wrong)) {
    using caller = await named(served);
    caller.send(...frames);
    assert.equal(errorOf(await caller.receive(BREAK)).code, 'MALFORMED_REQUEST', what);
    await until(() => caller.ended, `the link is closed after ${what}`);
    await until(() => served.record.running === 0, `what ran has ended after ${what}`);
    assert.equal(metric(served.telemetry, 'link_violations_total', 'server'), ++violations);
  }
  await stillServes(served);
});

test('what does not begin with preface and hello is cut off', async () => {
  await using served = await serveLinks();
  const wrong: Record<string, Uint8Array[]> = {
    'another preface': [Buffer.from('\xc7Gobble\n', 'latin1'), hello()],
    'no hello': [PREFACE, frame(PING, 0), frame(CALL, 0, callBody('{}'))],
    'a hello that is none': [PREFACE, frame(HELLO, 0, '[]')],
    'a hello without a codec that is known': [
      PREFACE,
      frame(HELLO, 0, JSON.stringify({ ...JSON.parse(hello().toString('utf8', 9)), codecs: ['morse'] })),
    ],
    'a hello that is too long': [PREFACE, frame(HELLO, 0, ' '.repeat(5_000))],
  };
  for (const [what, bytes] of Object.entries(wrong)) {
    using caller = new RawLink(connect(served.port, '127.0.0.1'));
    caller.send(...bytes);
    await until(() => caller.ended, `the link is closed after ${what}`);
    assert.ok(!caller.frames.some(({ type }) => type === HELLO), what);
  }
  await stillServes(served);
});

test('an input that is wrong fails its call alone', async () => {
  await using served = await serveLinks({ limits: { maxPayloadBytes: 100 } });
  using caller = await named(served);
  caller.send(
    frame(METHOD, METHODS.length, '/probe.v1/unheard'),
    frame(METHOD, METHODS.length + 1, '/no.v1/such'),
  );
  caller.send(
    frame(CALL, 0, callBody('{"text":')),
    call(1, 'echo', { text: 'x'.repeat(100) }),
    frame(CALL, 2, callBody('{}', METHODS.length)),
    frame(CALL, 3, callBody('{}', METHODS.length + 1)),
    call(4, 'echo', { text: 'right' }),
  );
  await caller.receive(REPLY);
  const codes = caller.frames.filter(({ type }) => type === ERROR).map((one) => errorOf(one).code);
  assert.deepEqual(codes, ['MALFORMED_REQUEST', 'PAYLOAD_TOO_LARGE', 'UNIMPLEMENTED', 'NOT_FOUND']);
});

test('an answer that is longer than its caller takes is told as an error', async () => {
  await using served = await serveLinks();
  using caller = await named(served, { maxPayloadBytes: 200 });
  caller.send(call(0, 'echo', { text: 'x'.repeat(300) }));
  const error = errorOf(await caller.receive(ERROR));
  assert.deepEqual([error.code, error.message.includes('maxAnswerBytes')], ['BAD_ANSWER', true]);
});

test('the deadline of a caller that says nothing more is kept', async () => {
  await using served = await serveLinks();
  using caller = await named(served);
  caller.send(call(0, 'hang', {}, HAS_DEADLINE, '00000020'));
  assert.equal(errorOf(await caller.receive(ERROR)).code, 'DEADLINE_EXCEEDED');
  await until(() => served.record.running === 0, 'the handler has ended');
});

test('a call that came too late is not begun', async () => {
  await using served = await serveLinks();
  using caller = await named(served);
  caller.send(call(0, 'hang', {}, HAS_DEADLINE, '00000000'));
  assert.equal(errorOf(await caller.receive(ERROR)).code, 'DEADLINE_EXCEEDED');
  assert.equal(served.record.ended, undefined);
});

test('a handler is told within a turn of the loop that its caller has cancelled', async () => {
  await using served = await serveLinks();
  using caller = await named(served);
  caller.send(call(0, 'hang', {}));
  await until(() => served.record.running === 1, 'it runs');
  caller.send(frame(CANCEL, 0), frame(PING, 9));
  await caller.receive(PONG);
  assert.equal(served.record.running, 0);
  assert.ok(!caller.frames.some(({ type }) => type === ERROR), 'nobody waits for an answer');
  caller.send(call(0, 'echo', { text: 'the number is free again' }));
  await caller.receive(REPLY);
});

test('when a caller goes away, what it had asked for is cancelled', async () => {
  await using served = await serveLinks();
  for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
    using caller = await named(served);
    caller.send(call(0, 'hang', {}), call(1, 'tick', {}));
    await until(() => served.record.running >= 1, 'they run');
    caller.socket[leave]();
    await until(() => served.record.running === 0, 'they have ended');
  }
  await until(() => metric(served.telemetry, 'link_open', 'server') === 0, 'the links are closed');
});

test('a stream goes no further than its window, and on when that is widened', async () => {
  await using served = await serveLinks();
  using caller = await named(served, { windowBytes: 1_000 });
  caller.send(call(0, 'count', { to: 12, padding: 182 }));
  const items = (): number => caller.frames.filter(({ type }) => type === ITEM).length;
  await until(() => items() === 5, 'a window is full');
  caller.send(frame(PING, 1));
  await caller.receive(PONG);
  assert.equal(items(), 5);
  caller.send(frame(WINDOW, 0, Buffer.from([0, 0, 0x10, 0])));
  await caller.receive(END);
  assert.equal(items(), 12);
});

test('a caller that does not read its answers is not read any further, and goes on when it does', async () => {
  await using served = await serveLinks();
  using caller = await named(served);
  caller.socket.pause();
  const text = 'x'.repeat(200_000);
  const calls = 300;
  for (let id = 0; id < calls; id++) caller.send(call(id, 'echo', { text }));
  const answered = (): number =>
    served.telemetry.metrics.snapshot(['rpc_server_call_duration_seconds']).metrics[0]?.series[0]?.histogram
      ?.count ?? 0;
  let before = -1;
  await until(async () => {
    before = answered();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    return before > 0 && answered() === before;
  }, 'it answers no more');
  assert.ok(answered() < 100, `${answered()} of ${calls} were answered`);
  caller.socket.resume();
  await until(() => caller.frames.filter(({ type }) => type === REPLY).length === calls, 'all are answered');
});

test('a drain lets what runs finish and refuses what comes after it', async () => {
  await using served = await serveLinks();
  using caller = await named(served);
  caller.send(call(0, 'hang', {}));
  await until(() => served.record.running === 1, 'it runs');
  const drained = served.links.drain(2_000);
  await caller.receive(DRAIN);
  caller.send(call(1, 'echo', { text: 'late' }));
  const error = errorOf(await caller.receive(ERROR));
  assert.deepEqual([error.code, error.data], ['UNAVAILABLE', { started: false }]);
  assert.equal(served.record.running, 1);
  caller.send(frame(CANCEL, 0));
  caller.socket.end();
  await drained;
});

test('what has not finished at the end of a drain is answered UNAVAILABLE, and may have done something', async () => {
  await using served = await serveLinks();
  using caller = await named(served);
  caller.send(call(0, 'hang', {}), call(1, 'tick', {}));
  await until(() => served.record.running === 2, 'they run');
  await served.links.drain(300);
  const errors = caller.frames.filter(({ type }) => type === ERROR).map(errorOf);
  assert.deepEqual(
    errors.map(({ code, data }) => [code, data]),
    [
      ['UNAVAILABLE', undefined],
      ['UNAVAILABLE', undefined],
    ],
  );
  await until(() => caller.ended, 'whoever does not leave is cut off');
});

test('an error from further down, which says that its call was not begun, does not say so of this one', async () => {
  const procedures = async (): Promise<never> => {
    throw new GoblinError('UNAVAILABLE', { data: { started: false, attempts: 3 } });
  };
  await using served = await serveLinks({ services: [{ contract: probe, procedures }] });
  using caller = await named(served);
  caller.send(call(0, 'echo', {}));
  assert.deepEqual(errorOf(await caller.receive(ERROR)).data, { attempts: 3 });
});

test('a caller that is silent while it is owed an answer is asked for a sign of life, and then given up', async () => {
  const clock = virtualClock();
  await using served = await serveLinks({ clock });
  using caller = await named(served);
  caller.send(call(0, 'hang', {}));
  await until(() => served.record.running === 1, 'it runs');
  await clock.advance(3_000);
  await caller.receive(PING);
  await clock.advance(3_000);
  await until(
    () => caller.ended && served.record.running === 0,
    'the link is closed and the handler has ended',
  );
});

test('a link without calls is closed after a while, one that says no hello soon', async () => {
  const clock = virtualClock();
  await using served = await serveLinks({ clock });
  using idle = await named(served);
  using silent = new RawLink(connect(served.port, '127.0.0.1'));
  await until(() => metric(served.telemetry, 'link_open', 'server') === 2, 'both are open');
  await clock.advance(4_000);
  await until(() => silent.ended, 'the silent one is closed');
  assert.ok(!idle.ended);
  await clock.advance(120_000);
  await until(() => idle.ended, 'the idle one is closed');
});
