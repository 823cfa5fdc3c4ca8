/** Procedures as people and browsers reach them, with nothing but HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveProbe } from '../testing/serve-probe.ts';
import { until } from '../testing/until.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly details: readonly { readonly debug: { readonly code: string } }[];
}

async function refusal(response: Response): Promise<{ status: number; code: string; message: string }> {
  const body = (await response.json()) as Refusal;
  return { status: response.status, code: body.details[0]!.debug.code, message: body.message };
}

test('curl needs no header: an unlabelled JSON object will do', async () => {
  await using served = await serveProbe();
  for (const type of [
    'application/x-www-form-urlencoded',
    '',
    'application/json',
    'application/json; charset=UTF-8',
  ]) {
    const response = await fetch(`${served.url}/probe.v1/echo`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: '{"text":"hello"}',
    });
    assert.equal(response.status, 200, type);
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.deepEqual(await response.json(), { text: 'hello' });
  }
});

test('another site cannot make a browser call: unlabelled JSON with a browser’s headers is refused', async () => {
  await using served = await serveProbe();
  for (const header of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    const headers = { ...header, 'content-type': 'application/x-www-form-urlencoded' };
    const response = await fetch(`${served.url}/probe.v1/echo`, {
      method: 'POST',
      headers,
      body: '{"text":"x"}',
    });
    assert.equal((await refusal(response)).code, 'FORBIDDEN');
  }
  const headers = { origin: 'https://shop.example', ...JSON_HEADERS };
  const response = await fetch(`${served.url}/probe.v1/echo`, {
    method: 'POST',
    headers,
    body: '{"text":"x"}',
  });
  assert.equal(response.status, 200);
});

test('what is not understood is refused with what would be', async () => {
  await using served = await serveProbe();
  const url = `${served.url}/probe.v1/echo`;
  const post = (headers: Record<string, string>, body = '{"text":"x"}'): Promise<Response> =>
    fetch(url, { method: 'POST', headers, body });
  const cases: [Promise<Response>, string, RegExp][] = [
    [post({ 'content-type': 'text/plain' }), 'UNSUPPORTED_MEDIA_TYPE', /send application\/json/],
    [post({ 'content-type': 'application/proto' }), 'UNSUPPORTED_MEDIA_TYPE', /application\/proto/],
    [post({ 'content-type': 'application/json; charset=latin1' }), 'UNSUPPORTED_MEDIA_TYPE', /latin1/],
    [post({ 'content-type': 'application/x-www-form-urlencoded' }, 'a=b'), 'UNSUPPORTED_MEDIA_TYPE', /json/],
    [post({ ...JSON_HEADERS, 'content-encoding': 'gzip' }), 'UNIMPLEMENTED', /identity/],
    [post({ ...JSON_HEADERS, 'connect-protocol-version': '2' }), 'MALFORMED_REQUEST', /send 1/],
    [post({ ...JSON_HEADERS, 'connect-timeout-ms': 'soon' }), 'MALFORMED_REQUEST', /ten digits/],
    [post({ ...JSON_HEADERS, 'goblin-tenant': '%' }), 'MALFORMED_REQUEST', /goblin-tenant/],
    [post(JSON_HEADERS, '{"text":'), 'MALFORMED_REQUEST', /not JSON/],
    [post(JSON_HEADERS, '{"text":7}'), 'INVALID_INPUT', /text/],
    [fetch(url, { method: 'PUT', body: '{}' }), 'METHOD_NOT_ALLOWED', /use POST/],
    [fetch(url), 'METHOD_NOT_ALLOWED', /use POST/],
    [fetch(`${served.url}/probe.v1/unheard`, { method: 'POST' }), 'UNIMPLEMENTED', /no procedure unheard/],
  ];
  for (const [response, code, message] of cases) {
    const refused = await refusal(await response);
    assert.equal(refused.code, code);
    assert.match(refused.message, message);
  }
});

test('a procedure that is not here is UNIMPLEMENTED, also where files cover every path', async () => {
  await using served = await serveProbe({ files: { '/': '/nowhere' } });
  const response = await fetch(`${served.url}/probe.v1/unheard`, {
    method: 'POST',
    headers: JSON_HEADERS,
    body: '{}',
  });
  assert.equal((await refusal(response)).code, 'UNIMPLEMENTED');
});

test('a wrong method is told the right ones', async () => {
  await using served = await serveProbe();
  const put = await fetch(`${served.url}/probe.v1/read`, { method: 'PUT' });
  assert.equal(put.status, 405);
  assert.equal(put.headers.get('allow'), 'GET, POST');
});

test('the status is that of the error registry', async () => {
  await using served = await serveProbe();
  const statuses = {
    NOT_FOUND: 404,
    CONFLICT: 409,
    RESOURCE_EXHAUSTED: 429,
    CARD_DECLINED: 422,
    UNAVAILABLE: 503,
  };
  for (const [code, status] of Object.entries(statuses)) {
    const body = JSON.stringify({ code, limit: 0 });
    const response = await fetch(`${served.url}/probe.v1/refuse`, {
      method: 'POST',
      headers: JSON_HEADERS,
      body,
    });
    assert.deepEqual(await refusal(response), { status, code, message: 'no more than 0' });
  }
});

test('a failure of something below does not say that this call never began', async () => {
  await using served = await serveProbe();
  const body = JSON.stringify({ code: 'UNAVAILABLE', limit: 0, started: false });
  const response = await fetch(`${served.url}/probe.v1/refuse`, {
    method: 'POST',
    headers: JSON_HEADERS,
    body,
  });
  assert.doesNotMatch(await response.text(), /started/);
});

test('an expired timeout is answered without beginning', async () => {
  await using served = await serveProbe();
  const headers = { ...JSON_HEADERS, 'connect-timeout-ms': '0' };
  const response = await fetch(`${served.url}/probe.v1/hang`, { method: 'POST', headers, body: '{}' });
  assert.equal((await refusal(response)).code, 'DEADLINE_EXCEEDED');
  assert.equal(served.record.ended, undefined);
});

test('a streaming procedure wants envelopes', async () => {
  await using served = await serveProbe();
  const url = `${served.url}/probe.v1/count`;
  const text = async (headers: Record<string, string>, body: string): Promise<string> =>
    (await fetch(url, { method: 'POST', headers, body })).text();
  const stream = { 'content-type': 'application/connect+json' };
  assert.match(await text(JSON_HEADERS, '{}'), /send application\/connect\+json/);
  assert.match(await text(stream, '{}'), /not exactly one envelope/);
  assert.match(await text({ ...stream, 'connect-content-encoding': 'gzip' }, ''), /identity/);
});

test('a client that goes away ends its handler', async () => {
  await using served = await serveProbe();
  const leave = new AbortController();
  const options = { method: 'POST', headers: JSON_HEADERS, body: '{}', signal: leave.signal };
  const hanging = fetch(`${served.url}/probe.v1/hang`, options);
  await until(() => served.record.running === 1, 'the handler runs');
  leave.abort();
  await assert.rejects(hanging);
  await until(() => served.record.running === 0, 'the handler has ended');
  assert.equal((served.record.ended as { code: string }).code, 'CANCELED');
});

test('each call is a span under its caller’s', async () => {
  await using served = await serveProbe();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const headers = { ...JSON_HEADERS, traceparent };
  await fetch(`${served.url}/probe.v1/echo`, { method: 'POST', headers, body: '{"text":"x"}' });
  const [span] = served.telemetry.spans;
  assert.equal(span?.name, 'probe.v1/echo');
  assert.equal(span?.traceId, '0af7651916cd43dd8448eb211c80319c');
  assert.equal(span?.parentSpanId, 'b7ad6b7169203331');
});
