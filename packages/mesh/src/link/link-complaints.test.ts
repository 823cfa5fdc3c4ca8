import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { clientOf, testTelemetry, virtualClock } from '@goblin/core';
import { recorder } from '../discovery/testing/recorder.ts';
import { peerAt } from '../testing/peer-at.ts';
import { probe } from '../testing/transport-cases.ts';
import { until } from '../testing/until.ts';
import { CALL, DRAIN, METHOD, PREFACE, REPLY } from './frames.ts';
import { linkTransport } from './link-transport.ts';
import { callBody, frame, hello, RawLink, rawAnswerer } from './testing/raw-link.ts';
import { metric, serveLinks } from './testing/serve-links.ts';

const MINUTE_MS = 60_000;
const call = frame(CALL, 0, callBody('{"text":"x"}'));

/** What callers send whose bytes are not those of the protocol. */
const BAD: Readonly<Record<string, Buffer[]>> = {
  'garbage after the first byte': [Buffer.from([PREFACE[0]!, 1, 2, 3, 4, 5, 6, 7])],
  'a frame that is too long': [PREFACE, hello(), Buffer.from([0x7f, 0, 0, 0])],
  'a frame that is cut off': [PREFACE, hello(), frame(METHOD, 0, '/probe.v1/echo'), call.subarray(0, -3)],
};

test('garbage, truncated and oversized frames are counted, said once a minute, and change nothing', async () => {
  const clock = virtualClock();
  const { log, warnings } = recorder();
  const telemetry = testTelemetry({ log });
  await using served = await serveLinks({ telemetry, clock });
  const bad = Object.entries(BAD);
  for (const [i, [what, frames]] of [...bad, ...bad].entries()) {
    using caller = new RawLink(connect(served.port, '127.0.0.1'));
    caller.send(...frames);
    caller.socket.end();
    await until(() => caller.ended, `the link is closed after ${what}`);
    assert.equal(metric(telemetry, 'link_violations_total', 'server'), i + 1, what);
  }
  assert.deepEqual(warnings, ['link: the other end broke the protocol']);
  await clock.advance(MINUTE_MS);
  assert.deepEqual(warnings.slice(1), ['link: the other end broke the protocol (5 times within a minute)']);
  assert.equal(served.record.running, 0);
  const transport = linkTransport();
  const client = clientOf(probe, (one) => transport.call(served.peer, one));
  assert.deepEqual(await client.echo({ text: 'still there' }), { text: 'still there' });
  await transport.close();
});

test('a caller counts and says it too, and its call fails with a code', async () => {
  const { log, warnings } = recorder();
  const telemetry = testTelemetry({ log });
  const alive = setInterval(() => {}, MINUTE_MS);
  for (const [i, bad] of [frame(REPLY, 0, '{"text":"x"}').subarray(0, -3), frame(77, 0)].entries()) {
    await using answerer = await rawAnswerer();
    const transport = linkTransport({ telemetry });
    const peer = peerAt({ host: '127.0.0.1', port: answerer.port });
    const answer = clientOf(probe, (one) => transport.call(peer, one)).echo({ text: 'x' });
    const other = await answerer.link;
    other.send(hello());
    await other.receive(CALL);
    other.send(bad);
    other.socket.end();
    await assert.rejects(answer, { code: 'CONNECTION_FAILED' });
    assert.equal(metric(telemetry, 'link_violations_total', 'client'), i + 1);
    await transport.close();
  }
  clearInterval(alive);
  assert.equal(warnings[0], 'link: the other end broke the protocol');
});

test('who closes a link without a word may have ended, which is told; who drains it has not', async () => {
  for (const drains of [false, true]) {
    await using answerer = await rawAnswerer();
    const transport = linkTransport();
    const lost: string[] = [];
    transport.onLost?.((_, because) => lost.push(because));
    const peer = peerAt({ host: '127.0.0.1', port: answerer.port });
    const answer = clientOf(probe, (one) => transport.call(peer, one)).echo({ text: 'x' });
    const other = await answerer.link;
    other.send(hello());
    const { id } = await other.receive(CALL);
    other.send(frame(REPLY, id, '{"text":"x"}'), ...(drains ? [frame(DRAIN, 0)] : []));
    await answer;
    other.socket.end();
    await until(() => other.ended, 'the link is closed');
    assert.deepEqual(lost, drains ? [] : ['the link to it ended: it was closed']);
    await transport.close();
  }
});
