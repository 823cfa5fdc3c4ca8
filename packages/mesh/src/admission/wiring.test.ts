import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, GoblinError, systemClock, testTelemetry } from '@goblin/core';
import { CALL, ERROR, METHOD, REPLY } from '../link/frames.ts';
import { callBody, frame, rawCaller } from '../link/testing/raw-link.ts';
import { serveLinks } from '../link/testing/serve-links.ts';
import { serveProbe } from '../testing/serve-probe.ts';
import { until } from '../testing/until.ts';
import { type Admission, createAdmission } from './admission.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };

/** Room for two calls, and for nobody to wait. */
function narrow(): Admission {
  const { log, metrics } = testTelemetry();
  const limits = { minLimit: 2, initialLimit: 2, maxLimit: 2, maxQueued: 0 };
  return createAdmission({ clock: systemClock, log, metrics, limits, random: () => 0.5 });
}

function post(url: string, name: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}/probe.v1/${name}`, { method: 'POST', headers: JSON_HEADERS, body: '{}', ...init });
}

test('over HTTP a full instance refuses with 429, when to come again, and that nothing was begun', async () => {
  using admission = narrow();
  await using served = await serveProbe({ admission, routes: { 'GET /page': () => new Response('page') } });
  const stop = new AbortController();
  const hanging = [1, 2].map(() => post(served.url, 'hang', { signal: stop.signal }).catch(() => {}));
  await until(() => served.record.running === 2, 'two calls run');
  for (const refused of [
    await post(served.url, 'echo', { body: 'not even JSON' }),
    await fetch(`${served.url}/page`),
  ]) {
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal(refused.headers.get('goblin-not-started'), '1');
    assert.match(await refused.text(), /overloaded/);
  }
  assert.equal((await fetch(`${served.url}/healthz`)).status, 200);
  const critical = { ...JSON_HEADERS, 'goblin-priority': 'critical' };
  assert.equal((await post(served.url, 'echo', { headers: critical, body: '{"text":"x"}' })).status, 200);
  stop.abort();
  await Promise.all(hanging);
  await until(() => admission.inFlight === 0, 'who left makes room');
  assert.equal((await post(served.url, 'echo', { body: '{"text":"x"}' })).status, 200);
  assert.equal(admission.inFlight, 0);
});

test('a handler cannot say of a request that it was not begun', async () => {
  const below = new GoblinError('RESOURCE_EXHAUSTED', { data: { started: false, retryAfterMs: 2_500 } });
  await using served = await serveProbe({
    routes: {
      'GET /throws': () => {
        throw below;
      },
      'GET /passes-on': () => new Response('busy', { status: 429, headers: { 'goblin-not-started': '1' } }),
    },
  });
  const thrown = await fetch(`${served.url}/throws`);
  assert.deepEqual([thrown.status, thrown.headers.get('retry-after')], [429, '3']);
  for (const answer of [thrown, await fetch(`${served.url}/passes-on`)]) {
    assert.equal(answer.status, 429);
    assert.equal(answer.headers.get('goblin-not-started'), null);
  }
});

test('a client that never sends its body does not keep its place', async () => {
  using admission = narrow();
  await using served = await serveProbe({ admission });
  const stop = new AbortController();
  const endless = new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode('{')) });
  const slow = post(served.url, 'echo', {
    body: endless,
    duplex: 'half',
    signal: stop.signal,
  } as RequestInit);
  slow.catch(() => {});
  await until(() => admission.inFlight === 1, 'it has entered');
  stop.abort();
  await until(() => admission.inFlight === 0, 'it has left');
});

test('by a link a full instance refuses before it looks at the input, and says that nothing was begun', async () => {
  using admission = narrow();
  await using served = await serveLinks({ admission });
  using caller = await rawCaller(served.port);
  caller.send(frame(METHOD, 0, '/probe.v1/echo'), frame(METHOD, 1, '/probe.v1/hang'));
  caller.send(frame(CALL, 1, callBody('{}', 1)), frame(CALL, 2, callBody('{}', 1)));
  await until(() => served.record.running === 2, 'two calls run');
  caller.send(frame(CALL, 3, callBody('not even JSON', 0)));
  const { id, body } = await caller.receive(ERROR);
  const { code, data } = JSON.parse(body.toString());
  assert.deepEqual([id, code, data], [3, 'RESOURCE_EXHAUSTED', { started: false, retryAfterMs: 1_000 }]);
});

test('by a link a call that has to wait is answered when its turn comes, from the input that it brought', async () => {
  const { log, metrics } = testTelemetry();
  const limits = { minLimit: 1, initialLimit: 1, maxLimit: 1 };
  using admission = createAdmission({ clock: systemClock, log, metrics, limits });
  await using served = await serveLinks({ admission });
  using caller = await rawCaller(served.port);
  caller.send(frame(METHOD, 0, '/probe.v1/echo'), frame(METHOD, 1, '/probe.v1/hang'));
  // In one write, so that the buffer of the second call is used again by what comes after it.
  const cancel = frame(9, 1, '');
  caller.send(
    Buffer.concat([
      frame(CALL, 1, callBody('{}', 1)),
      frame(CALL, 2, callBody('{"text":"waited"}', 0)),
      cancel,
    ]),
  );
  const { id, body } = await caller.receive(REPLY);
  assert.deepEqual([id, JSON.parse(body.toString())], [2, { text: 'waited' }]);
  await until(() => admission.inFlight === 0, 'all have left');
});

test('an open stream takes no place, however long it lives', async () => {
  using admission = narrow();
  await using served = await serveLinks({ admission });
  using caller = await rawCaller(served.port);
  caller.send(frame(METHOD, 0, '/probe.v1/tick'), frame(METHOD, 1, '/probe.v1/echo'));
  for (let id = 0; id < 5; id++) {
    caller.send(frame(CALL, id, callBody('{}', 0)));
    await until(() => served.record.running === id + 1, 'the stream is open');
  }
  assert.equal(admission.inFlight, 0);
  caller.send(frame(CALL, 9, callBody('{"text":"x"}', 1)));
  assert.equal((await caller.receive(REPLY)).id, 9);
});

test('the priority of a caller is that of what it calls, and nobody can make up another', async () => {
  assert.equal(context.priority, 'user');
  const seen: string[] = [];
  await using served = await serveProbe({
    routes: {
      'GET /priority': () => {
        seen.push(context.priority);
        return new Response();
      },
    },
  });
  for (const priority of ['batch', 'critical', 'highest'])
    await fetch(`${served.url}/priority`, { headers: { 'goblin-priority': priority } });
  assert.deepEqual(seen, ['batch', 'critical', 'user']);
});
