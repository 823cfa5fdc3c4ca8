import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { openSocket, type TestEdge, testEdge, until } from './testing/test-edge.ts';

/** What the peer got: nothing but whole requests that the edge understood may ever be in here. */
const received: string[] = [];
let edge: TestEdge;

before(async () => {
  edge = await testEdge({
    routes: [{ path: '/*', to: 'shop', maxBody: '100kb' }],
    services: {
      shop: async (request, response) => {
        let body = '';
        try {
          for await (const chunk of request) body += chunk;
        } catch {
          return;
        }
        received.push(`${request.method} ${request.url} ${body}`);
        response.end('ok');
      },
    },
    limits: { headersTimeoutMs: 300, requestTimeoutMs: 600, keepAliveTimeoutMs: 200, maxHeaderBytes: 4_096 },
  });
});
after(() => edge[Symbol.asyncDispose]());

function status(answer: string): string {
  return answer.slice(9, 12);
}

describe('smuggling', () => {
  const attempts: Readonly<Record<string, string>> = {
    'Content-Length and Transfer-Encoding':
      'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    'Transfer-Encoding and Content-Length':
      'Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    'two different Content-Lengths':
      'Content-Length: 0\r\nContent-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    'two equal Content-Lengths': 'Content-Length: 0\r\nContent-Length: 0\r\n\r\n',
    'a list of Content-Lengths': 'Content-Length: 0, 40\r\n\r\n',
    'a signed Content-Length': 'Content-Length: +4\r\n\r\nabcd',
    'a hexadecimal Content-Length': 'Content-Length: 0x4\r\n\r\nabcd',
    'a Content-Length that overflows': 'Content-Length: 18446744073709551617\r\n\r\n',
    'a transfer coding after chunked': 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
    'a transfer coding before chunked': 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'an unknown transfer coding': 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'a space before the colon': 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
    'a folded header': 'X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'a bare line feed': 'X-A: b\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'a bare carriage return': 'X-A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'a NUL in a value': 'X-A: b\0c\r\n\r\n',
    'two hosts': 'Host: other\r\n\r\n',
    'a chunk size that is none': 'Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n',
    'a chunk that is longer than said': 'Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n',
    'a chunk size that overflows': 'Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n',
  };
  for (const [name, rest] of Object.entries(attempts)) {
    test(`${name}: refused with 400, nothing reaches a service, the connection is closed`, async () => {
      received.length = 0;
      const answer = await edge.raw(`POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${rest}`);
      assert.equal(status(answer), '400', answer);
      assert.equal(answer.match(/HTTP\/1\.1 /g)!.length, 1, 'one answer only');
      assert.match(answer, /application\/problem\+json/);
      assert.deepEqual(received, []);
    });
  }

  test('a body that looks like a request stays a body', async () => {
    received.length = 0;
    const inner = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await edge.raw(
      `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}GET /y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    assert.equal(answer.match(/HTTP\/1\.1 200/g)!.length, 2);
    assert.deepEqual(received.sort(), [`GET /y `, `POST /x ${inner}`]);
  });
});

test('bytes that are no HTTP are answered 400 as problem details', async () => {
  for (const bytes of [
    '\x16\x03\x01\x02\0\x01',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'GARBAGE\r\n\r\n',
    'GET /a b HTTP/1.1\r\n\r\n',
  ]) {
    const answer = await edge.raw(bytes);
    assert.equal(status(answer), '400', JSON.stringify(bytes));
    assert.match(answer, /"code":"MALFORMED_REQUEST"/);
  }
});

test('headers beyond the limit are answered 431', async () => {
  const answer = await edge.raw(`GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${'x'.repeat(5_000)}\r\n\r\n`);
  assert.equal(status(answer), '431');
  assert.match(answer, /"code":"HEADERS_TOO_LARGE"/);
});

test('a head that does not come in time is answered 408: slow senders do not hold connections', async () => {
  const answer = await edge.raw('GET / HTTP/1.1\r\nHost: a\r\nX-Slow:');
  assert.equal(status(answer), '408');
});

test('a body that is announced too large is refused before it is sent, one that grows too large while it is', async () => {
  received.length = 0;
  const announced = await edge.raw(
    'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 102401\r\n\r\n',
  );
  assert.equal(status(announced), '413');
  assert.doesNotMatch(announced, /100 Continue/);
  const sent = await edge.fetch('/', { method: 'POST', body: 'x'.repeat(300_000) });
  assert.equal(sent.status, 413);
  assert.equal(((await sent.json()) as { code: string }).code, 'PAYLOAD_TOO_LARGE');
  for (const method of ['POST', 'PUT']) {
    const chunk = 'x'.repeat(10_000);
    const body = Readable.from(Array.from({ length: 30 }, () => Buffer.from(chunk)));
    const grown = await edge.fetch('/', { method, body, duplex: 'half' } as unknown as RequestInit);
    assert.equal(grown.status, 413, method);
    await grown.body?.cancel();
  }
  assert.deepEqual(received, [], 'the service got no whole request');
});

test('a body is asked for with 100 Continue when a service will get it', async () => {
  const socket = await openSocket(edge.port);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.write(
    'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n',
  );
  await until(() => answer.includes('100 Continue'), '100 Continue comes');
  socket.write('ab');
  await once(socket, 'close');
  assert.match(answer, /HTTP\/1\.1 200 OK/);
});

test('random bytes and mutated requests never crash it, never hang it, and it serves on', async () => {
  const random = mulberry32(20_260_114);
  const seedRequest =
    'POST /v1/payments?x=1 HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello';
  const runs = Array.from({ length: 400 }, (_, run) => {
    if (run % 4 === 0)
      return Buffer.from(Array.from({ length: 1 + random() * 300 }, () => random() * 256)).toString('latin1');
    const bytes = [...seedRequest];
    for (let edits = 1 + random() * 4; edits > 0; edits--) {
      const at = Math.floor(random() * bytes.length);
      const what = random();
      if (what < 0.4) bytes[at] = String.fromCharCode(random() * 256);
      else if (what < 0.7) bytes.splice(at, 1);
      else
        bytes.splice(
          at,
          0,
          ['\r', '\n', '\r\n', ':', ' ', '\0', '\t', 'Content-Length: 1\r\n'][Math.floor(random() * 8)]!,
        );
    }
    return bytes.join('');
  });
  for (const answer of await Promise.all(runs.map((bytes) => edge.raw(bytes)))) {
    assert.match(answer, /^(?:$|HTTP\/1\.1 (?:200|400|404|405|408|411|413|417|431|501|505) )/);
  }
  assert.equal((await edge.fetch('/')).status, 200);
});

/** A small seeded generator, so that a failure can be repeated. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
