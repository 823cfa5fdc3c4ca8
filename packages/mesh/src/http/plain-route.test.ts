import assert from 'node:assert/strict';
import { ReadableStream as NodeStream } from 'node:stream/web';
import { test } from 'node:test';
import { context, fail, type GoblinError } from '@goblin/core';
import { serveProbe } from '../testing/serve-probe.ts';
import { until } from '../testing/until.ts';

test('a route gets a Request and answers with a Response', async () => {
  await using served = await serveProbe({
    routes: {
      'POST /greet/:name': async (request, _, { name }) => {
        const url = new URL(request.url);
        const said = { name, body: await request.json(), query: url.searchParams.get('q'), host: url.host };
        return Response.json(said, {
          status: 201,
          headers: { 'x-mine': request.headers.get('x-yours') ?? '' },
        });
      },
    },
  });
  const response = await fetch(`${served.url}/greet/Z%C3%BCrich?q=1`, {
    method: 'POST',
    headers: { 'x-yours': 'seen' },
    body: '{"a":1}',
  });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('x-mine'), 'seen');
  assert.deepEqual(await response.json(), {
    name: 'Zürich',
    body: { a: 1 },
    query: '1',
    host: new URL(served.url).host,
  });
});

test('a route calls the procedures of its service through their filters', async () => {
  await using served = await serveProbe({
    routes: { 'GET /echo/:text': async (_, call, { text = '' }) => Response.json(await call.echo({ text })) },
  });
  assert.deepEqual(await (await fetch(`${served.url}/echo/hi`)).json(), { text: 'hi' });
  assert.deepEqual(
    served.telemetry.spans.map(({ name }) => name),
    ['probe.v1/echo', 'GET /echo/:text'],
  );
  const [call, route] = served.telemetry.spans;
  assert.equal(call!.parentSpanId, route!.spanId);
  const headers = { 'content-type': 'application/json' };
  const called = await fetch(`${served.url}/probe.v1/echo`, {
    method: 'POST',
    headers,
    body: '{"text":"hi"}',
  });
  assert.equal(called.status, 200);
  const [metric] = served.telemetry.metrics.snapshot(['rpc_server_call_duration_seconds']).metrics;
  const callers = metric!.series.map(({ labels, histogram }) => [labels.at(-1), histogram!.count]);
  assert.deepEqual(callers, [
    ['route', 1],
    ['peer', 1],
  ]);
});

test('a route’s time is measured by method, pattern and status', async () => {
  await using served = await serveProbe({ routes: { 'GET /echo/:text': () => new Response('ok') } });
  await (await fetch(`${served.url}/echo/one`)).text();
  await (await fetch(`${served.url}/echo/two`)).text();
  const [metric] = served.telemetry.metrics.snapshot(['http_server_request_duration_seconds']).metrics;
  const [series] = metric!.series;
  assert.deepEqual(series!.labels, ['probe.v1', 'GET', '/echo/:text', '200']);
  assert.equal(series!.histogram!.count, 2);
});

test('a body that is there at once has a length; one that comes in parts is streamed as it comes', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  await using served = await serveProbe({
    routes: {
      'GET /whole': () => new Response('12345'),
      'GET /empty': () => new Response(null, { status: 204 }),
      'GET /parts': () =>
        new Response(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(Buffer.from('one '));
              await gate;
              controller.enqueue(Buffer.from('two'));
              controller.close();
            },
          }),
        ),
    },
  });
  const whole = await fetch(`${served.url}/whole`);
  assert.equal(whole.headers.get('content-length'), '5');
  assert.equal(await whole.text(), '12345');
  const empty = await fetch(`${served.url}/empty`);
  assert.equal(empty.status, 204);
  assert.equal(empty.headers.get('content-length'), null);
  const parts = (await fetch(`${served.url}/parts`)).body!.getReader();
  assert.equal(Buffer.from((await parts.read()).value!).toString(), 'one ');
  open();
  assert.equal(Buffer.from((await parts.read()).value!).toString(), 'two');
  assert.equal((await parts.read()).done, true);
});

test('HEAD is answered by GET without its body', async () => {
  let cancelled = false;
  await using served = await serveProbe({
    routes: {
      'GET /page': () => {
        const body = new ReadableStream({
          cancel: () => {
            cancelled = true;
          },
        });
        return new Response(body, { headers: { 'x-page': 'yes' } });
      },
    },
  });
  const response = await fetch(`${served.url}/page`, { method: 'HEAD' });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('x-page'), 'yes');
  await until(() => cancelled, 'the body is cancelled');
});

test('what is not there is 404, what is there for another method 405', async () => {
  await using served = await serveProbe({ routes: { 'GET /page': () => new Response() } });
  const missing = await fetch(`${served.url}/nothing`);
  assert.equal(missing.status, 404);
  assert.equal(missing.headers.get('content-type'), 'application/problem+json');
  assert.deepEqual(await missing.json(), {
    type: 'about:blank',
    title: 'NOT_FOUND',
    status: 404,
    detail: 'there is nothing at /nothing',
    code: 'NOT_FOUND',
  });
  const wrong = await fetch(`${served.url}/page`, { method: 'DELETE' });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get('allow'), 'GET, HEAD');
});

test('a route’s failure is a problem with code and data; one not foreseen tells nothing', async () => {
  await using served = await serveProbe({
    routes: {
      'GET /declined': () => fail('CARD_DECLINED', { limit: 3 }, 'no more than 3'),
      'GET /bug': () => {
        throw new TypeError('secret detail');
      },
      'GET /nothing': (() => undefined) as never,
    },
  });
  const declined = await fetch(`${served.url}/declined`);
  assert.equal(declined.status, 422);
  const { code, detail, data } = (await declined.json()) as Record<string, unknown>;
  assert.deepEqual(
    { code, detail, data },
    { code: 'CARD_DECLINED', detail: 'no more than 3', data: { limit: 3 } },
  );
  const bug = await fetch(`${served.url}/bug`);
  assert.equal(bug.status, 500);
  assert.doesNotMatch(await bug.text(), /secret/);
  assert.equal(
    served.telemetry.spans.find(({ name }) => name === 'GET /bug')?.error?.message,
    'secret detail',
  );
  assert.equal((await fetch(`${served.url}/nothing`)).status, 500);
});

test('a body over the limit is refused before it is sent', async () => {
  await using served = await serveProbe({
    limits: { maxBodyBytes: 1_000 },
    routes: { 'POST /upload': async (request) => new Response(await request.text()) },
  });
  const url = `${served.url}/upload`;
  assert.equal((await fetch(url, { method: 'POST', body: 'x'.repeat(1_000) })).status, 200);
  assert.equal((await fetch(url, { method: 'POST', body: 'x'.repeat(1_001) })).status, 413);
});

test('a body that a route does not read does not hold up the connection', async () => {
  await using served = await serveProbe({ routes: { 'POST /ignore': () => new Response('ok') } });
  for (let i = 0; i < 5; i++) {
    const response = await fetch(`${served.url}/ignore`, { method: 'POST', body: 'x'.repeat(500_000) });
    assert.equal(await response.text(), 'ok');
  }
});

test('a client that leaves a stream of events ends it', async () => {
  let ended = 'no';
  await using served = await serveProbe({
    routes: {
      'GET /events': (request) => {
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(Buffer.from('data: 1\n\n'));
          },
          cancel: () => {
            ended = `cancelled, signal ${request.signal.aborted ? 'aborted' : 'not aborted'}`;
          },
        });
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
      },
    },
  });
  const leave = new AbortController();
  const response = await fetch(`${served.url}/events`, { signal: leave.signal });
  await response.body!.getReader().read();
  leave.abort();
  await until(() => ended !== 'no', 'the stream is cancelled');
  assert.equal(ended, 'cancelled, signal aborted');
});

test('a stream that fails in the middle is cut off, not ended', async () => {
  await using served = await serveProbe({
    routes: {
      'GET /broken': () => {
        let turns = 0;
        const pull = async (controller: ReadableStreamDefaultController): Promise<void> => {
          await new Promise((resolve) => setImmediate(resolve));
          if (++turns === 1) controller.enqueue(Buffer.from('half'));
          else controller.error(new Error('broken'));
        };
        return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
      },
    },
  });
  const response = await fetch(`${served.url}/broken`);
  await assert.rejects(response.text());
});

test('a stream is made no faster than its client reads', async () => {
  let made = 0;
  await using served = await serveProbe({
    routes: {
      'GET /endless': () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              made++;
              controller.enqueue(new Uint8Array(65_536));
            },
          }),
        ),
    },
  });
  const leave = new AbortController();
  const response = await fetch(`${served.url}/endless`, { signal: leave.signal });
  const reader = response.body!.getReader();
  await reader.read();
  let last = -1;
  await until(async () => {
    const still = last === made;
    last = made;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return still;
  }, 'the producer pauses');
  assert.ok(made < 500, `${made} parts of 64 KiB were made for a client that read one`);
  leave.abort();
});

test('a route has the context that its caller sent', async () => {
  await using served = await serveProbe({
    routes: {
      'GET /context': () => {
        const { tenant, requestId, deadline } = context.current;
        return Response.json({ tenant, requestId, hasDeadline: deadline < Number.POSITIVE_INFINITY });
      },
      'GET /slow': async () => {
        await new Promise((_, reject) =>
          context.signal.addEventListener('abort', () => reject(context.signal.reason)),
        );
        return new Response();
      },
    },
  });
  const headers = { 'goblin-tenant': 'acme', 'x-request-id': 'r-1', 'connect-timeout-ms': '5000' };
  const response = await fetch(`${served.url}/context`, { headers });
  assert.deepEqual(await response.json(), { tenant: 'acme', requestId: 'r-1', hasDeadline: true });
  const slow = await fetch(`${served.url}/slow`, { headers: { 'connect-timeout-ms': '40' } });
  assert.equal(slow.status, 504);
  assert.equal(((await slow.json()) as GoblinError).code, 'DEADLINE_EXCEEDED');
});

test('a route may set several cookies', async () => {
  await using served = await serveProbe({
    routes: {
      'GET /login': () => {
        const headers = new Headers();
        headers.append('set-cookie', 'a=1');
        headers.append('set-cookie', 'b=2');
        return new Response('in', { headers });
      },
    },
  });
  assert.deepEqual((await fetch(`${served.url}/login`)).headers.getSetCookie(), ['a=1', 'b=2']);
});

test('a stream goes on after a large part that its client read while nothing was to be sent', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const large = new Uint8Array(1_000_000);
  await using served = await serveProbe({
    routes: {
      'GET /parts': () => {
        async function* parts(): AsyncGenerator<Uint8Array> {
          yield large.subarray(0, 1);
          yield large;
          await gate;
          yield large.subarray(0, 1);
        }
        return new Response(NodeStream.from(parts()) as ReadableStream<Uint8Array>);
      },
    },
  });
  const reader = (await fetch(`${served.url}/parts`)).body!.getReader();
  let length = 0;
  while (length < 1 + large.length) length += (await reader.read()).value!.length;
  open();
  const rest = await reader.read();
  assert.equal(rest.value?.length, 1);
  assert.equal((await reader.read()).done, true);
});
