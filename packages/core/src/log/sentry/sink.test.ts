import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Secret } from '../../config/secret.ts';
import { context } from '../../context.ts';
import { GoblinError } from '../../errors.ts';
import { type VirtualClock, virtualClock } from '../../virtual-clock.ts';
import { createLogger } from '../logger.ts';
import { type SentrySink, sentrySink } from './sink.ts';

interface Envelope {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly header: Record<string, unknown>;
  readonly items: { readonly type: unknown; readonly payload: Record<string, unknown> }[];
}

interface SentryServer extends AsyncDisposable {
  readonly dsn: Secret;
  readonly envelopes: Envelope[];
  /** How it answers from now on. */
  answer: (response: ServerResponse) => void;
}

/** Takes envelopes as Sentry's relay does, checking their form. */
async function sentryServer(): Promise<SentryServer> {
  const envelopes: Envelope[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const [header, ...lines] = Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
      const items: Envelope['items'] = [];
      for (let i = 0; i < lines.length; i += 2) {
        const { type, length } = JSON.parse(lines[i]!);
        if (length !== undefined) assert.equal(length, Buffer.byteLength(lines[i + 1]!));
        items.push({ type, payload: JSON.parse(lines[i + 1]!) });
      }
      envelopes.push({ url: request.url!, headers: request.headers, header: JSON.parse(header!), items });
      self.answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const self: SentryServer = {
    dsn: new Secret(`http://publickey@127.0.0.1:${port}/sub/42`),
    envelopes,
    answer: (response) => response.end('{}'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}

/** Moves the clock until the condition holds. */
async function until(clock: VirtualClock, condition: () => boolean): Promise<void> {
  while (!condition()) await clock.advance(50);
}

function reportOf(sink: SentrySink, message: string): void {
  sink.report({ level: 'error', message, error: new Error(message), fields: {} });
}

test('an error that is logged arrives as an event with causes, tags, trace and extra fields, scrubbed', async () => {
  await using server = await sentryServer();
  await using sink = sentrySink({
    dsn: server.dsn,
    release: '1.2.3',
    environment: 'test',
    serverName: 'host-1',
  });
  const log = createLogger({
    service: 'tax',
    instance: 'tax-1',
    destination: { write() {} },
    onError: sink.report,
  });
  const trace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };
  const cause = new TypeError('no such host postgres://user:hunter2@db/tax');
  const err = new GoblinError('DATABASE_UNAVAILABLE', {
    message: 'card 4242 4242 4242 4242 was sent with Bearer abc.def',
    data: { password: 'x', host: 'db' },
    cause,
  });
  context.run({ trace, tenant: 'acme', requestId: 'r-1' }, () =>
    log.error({ err, apiKey: 'x', order: 1234567890123 }, 'failed'),
  );
  await sink.stop();

  assert.equal(server.envelopes.length, 1);
  const { url, headers, header, items } = server.envelopes[0]!;
  assert.equal(url, '/sub/api/42/envelope/');
  assert.equal(headers['content-type'], 'application/x-sentry-envelope');
  assert.match(
    String(headers['x-sentry-auth']),
    /^Sentry sentry_version=7, sentry_client=\S+, sentry_key=publickey$/,
  );
  assert.equal(items.length, 1);
  assert.equal(items[0]!.type, 'event');
  const event = items[0]!.payload;
  assert.match(String(event.event_id), /^[0-9a-f]{32}$/);
  assert.equal(header.event_id, event.event_id);
  assert.deepEqual(
    [event.level, event.release, event.environment, event.server_name, event.platform],
    ['error', '1.2.3', 'test', 'host-1', 'node'],
  );
  assert.deepEqual(event.tags, {
    service: 'tax',
    instance: 'tax-1',
    tenant: 'acme',
    requestId: 'r-1',
    code: 'DATABASE_UNAVAILABLE',
  });
  assert.deepEqual(event.contexts, { trace: { trace_id: trace.traceId, span_id: trace.spanId } });
  const { values } = event.exception as { values: Record<string, unknown>[] };
  assert.deepEqual(
    values.map(({ type, value }) => [type, value]),
    [
      ['TypeError', 'no such host postgres://[redacted]@db/tax'],
      ['GoblinError', 'card [redacted] was sent with Bearer [redacted]'],
    ],
  );
  const { frames } = values[1]!.stacktrace as {
    frames: { filename: string; lineno: number; in_app: boolean }[];
  };
  assert.match(frames.at(-1)!.filename, /sink\.test\.ts$/);
  assert.ok(frames.at(-1)!.lineno > 0 && frames.at(-1)!.in_app);
  assert.deepEqual((event.extra as Record<string, unknown>).order, 1234567890123);
  assert.doesNotMatch(JSON.stringify(event), /hunter2|4242|abc\.def|"x"/);
  assert.equal(sink.sent, 1);
});

test('a server in trouble is tried again with growing pauses, in order, and nothing is lost when it recovers', async () => {
  await using server = await sentryServer();
  const clock = virtualClock();
  await using sink = sentrySink({ dsn: server.dsn, clock });
  const times: number[] = [];
  server.answer = (response) => {
    times.push(clock.now());
    response.statusCode = times.length < 4 ? 503 : 200;
    response.end();
  };
  reportOf(sink, 'first');
  reportOf(sink, 'second');
  await until(clock, () => sink.sent === 2);
  const messages = server.envelopes.map(
    ({ items }) => (items[0]!.payload.message as { formatted: string }).formatted,
  );
  assert.deepEqual(messages, ['first', 'first', 'first', 'first', 'second']);
  const pauses = times.slice(1, 4).map((at, i) => at - times[i]!);
  for (const [i, least] of [1_000, 2_000, 4_000].entries())
    assert.ok(pauses[i]! >= least, `pauses ${pauses}`);
});

test('an event is given up after its attempts, and the next one tells how many were', async () => {
  await using server = await sentryServer();
  const clock = virtualClock();
  await using sink = sentrySink({ dsn: server.dsn, clock });
  server.answer = (response) => response.socket!.destroy();
  reportOf(sink, 'lost');
  await until(clock, () => sink.dropped.network_error === 1);
  assert.equal(server.envelopes.length, 5);
  server.answer = (response) => response.end();
  reportOf(sink, 'arrives');
  reportOf(sink, 'arrives too');
  await until(clock, () => sink.sent === 2);
  const reports = server.envelopes
    .slice(5)
    .map(({ items }) => items.slice(1).map((item) => item.payload.discarded_events));
  assert.deepEqual(reports, [[[{ reason: 'network_error', category: 'error', quantity: 1 }]], []]);
});

test('an event that is refused is given up at once', async () => {
  await using server = await sentryServer();
  await using sink = sentrySink({ dsn: server.dsn });
  server.answer = (response) => response.writeHead(413).end();
  reportOf(sink, 'too large');
  await sink.stop();
  assert.deepEqual([server.envelopes.length, sink.dropped.send_error], [1, 1]);
});

test('nothing is sent while Sentry wants a pause, by 429 or by its own header', async () => {
  await using server = await sentryServer();
  for (const [status, headers] of [
    [429, { 'retry-after': '30' }],
    [429, { 'retry-after': new Date(Date.UTC(2026, 0, 1, 0, 0, 30)).toUTCString() }],
    [200, { 'x-sentry-rate-limits': '5:transaction:organization, 30:default;error:key' }],
  ] as const) {
    const clock = virtualClock();
    await using sink = sentrySink({ dsn: server.dsn, clock });
    server.envelopes.length = 0;
    server.answer = (response) => response.writeHead(status, headers).end();
    reportOf(sink, 'first');
    reportOf(sink, 'waits behind the first');
    await until(clock, () => sink.dropped.ratelimit_backoff > 0);
    reportOf(sink, 'during the pause');
    assert.equal(server.envelopes.length, 1);
    assert.equal(sink.dropped.ratelimit_backoff, status === 429 ? 3 : 2);
    server.answer = (response) => response.end();
    await clock.advance(30_000);
    reportOf(sink, 'after the pause');
    const before = sink.sent;
    await until(clock, () => sink.sent === before + 1);
    assert.equal(server.envelopes.length, 2);
  }
});

test('the queue is bounded, and what finds no room is counted', async () => {
  await using server = await sentryServer();
  const clock = virtualClock();
  await using sink = sentrySink({ dsn: server.dsn, clock });
  server.answer = () => {};
  for (let n = 0; n < 150; n++) reportOf(sink, `error ${n}`);
  assert.equal(sink.dropped.queue_overflow, 50);
  await until(clock, () => server.envelopes.length === 1);
  server.answer = (response) => response.end();
  await until(clock, () => sink.sent === 100);
});

test('stopping gives up on a server that does not answer, after its time', async () => {
  await using server = await sentryServer();
  const clock = virtualClock();
  const sink = sentrySink({ dsn: server.dsn, clock });
  server.answer = () => {};
  reportOf(sink, 'never answered');
  reportOf(sink, 'never sent');
  await until(clock, () => server.envelopes.length === 1);
  let stopped = false;
  const stopping = sink.stop(1_000).then(() => {
    stopped = true;
  });
  await clock.advance(990);
  assert.equal(stopped, false);
  await clock.advance(10);
  await stopping;
  assert.equal(sink.dropped.network_error, 2);
  reportOf(sink, 'after the stop');
  assert.equal(server.envelopes.length, 1);
});

test('stopping does not wait for the pause before the next attempt', async () => {
  await using server = await sentryServer();
  const clock = virtualClock();
  const sink = sentrySink({ dsn: server.dsn, clock });
  server.answer = (response) => response.writeHead(503).end();
  reportOf(sink, 'first');
  await until(clock, () => server.envelopes.length === 3);
  server.answer = (response) => response.end();
  await sink.stop();
  assert.equal(sink.sent, 1);
});

test('reporting never throws, whatever the error carries', async () => {
  await using server = await sentryServer();
  await using sink = sentrySink({ dsn: server.dsn });
  const unreadable = Object.defineProperty(new Error(), 'message', {
    get: () => {
      throw new Error('no');
    },
  });
  sink.report({ level: 'error', message: 'first', error: unreadable, fields: {} });
  sink.report({ level: 'error', message: 'second', error: { not: 'an error' }, fields: { big: 10n } });
  sink.report({ level: 'error', message: 'third', error: undefined, fields: {} });
  await sink.stop();
  assert.deepEqual([sink.dropped.internal_sdk_error, sink.sent], [1, 2]);
});

test('a DSN that is none is refused without being shown', () => {
  for (const dsn of ['', 'sentry.example', 'https://host/1', 'https://key@host/', 'ftp://key@host/1']) {
    assert.throws(() => sentrySink({ dsn: new Secret(dsn) }), {
      code: 'CONFIG_INVALID',
      message: 'the DSN is not one of Sentry: it should look like https://<key>@<host>/<project>',
    });
  }
});
