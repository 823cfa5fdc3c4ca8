/** The real clients of the Connect project against our server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  create,
  createFileRegistry,
  type DescMessage,
  type DescService,
  fromJson,
  type JsonObject,
  toJson,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, file_google_protobuf_struct, StructSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { serveProbe } from '../testing/serve-probe.ts';
import { until } from '../testing/until.ts';

/** The probe service in protobuf. Its messages are Structs, whose JSON is any object. */
const service = probeDescriptor();

function probeDescriptor(): DescService {
  const struct = '.google.protobuf.Struct';
  const method = (name: string, more: object = {}): object => ({
    name,
    inputType: struct,
    outputType: struct,
    ...more,
  });
  const file = create(FileDescriptorProtoSchema, {
    name: 'probe.proto',
    syntax: 'proto3',
    package: 'probe',
    dependency: ['google/protobuf/struct.proto'],
    service: [
      {
        name: 'v1',
        method: [
          method('echo'),
          method('read', { options: { idempotencyLevel: 1 } }),
          method('refuse'),
          method('hang'),
          method('whoami'),
          method('unheard'),
          method('count', { serverStreaming: true }),
          method('break', { serverStreaming: true }),
          method('tick', { serverStreaming: true }),
        ],
      },
    ],
  });
  const registry = createFileRegistry(file, (name) =>
    name === 'google/protobuf/struct.proto' ? file_google_protobuf_struct : undefined,
  );
  return registry.getService('probe.v1')!;
}

interface Options {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly headers?: Record<string, string>;
}

/** Objects in, objects out. */
interface ObjectClient {
  unary(name: string, input: JsonObject, options?: Options): Promise<unknown>;
  stream(name: string, input: JsonObject, options?: Options): AsyncIterable<unknown>;
}

function connectClient(url: string, useHttpGet = false): ObjectClient {
  const transport = createConnectTransport({
    baseUrl: url,
    httpVersion: '1.1',
    useHttpGet,
    useBinaryFormat: false,
  });
  const client = createClient(service, transport) as unknown as Record<
    string,
    (input: unknown, options?: Options) => unknown
  >;
  const struct: DescMessage = StructSchema;
  return {
    async unary(name, input, options) {
      return toJson(struct, (await client[name]!(fromJson(struct, input), options)) as never);
    },
    async *stream(name, input, options) {
      const items = client[name]!(fromJson(struct, input), options) as AsyncIterable<never>;
      for await (const item of items) yield toJson(struct, item);
    },
  };
}

test('a Connect client gets the answer of a unary procedure', async () => {
  await using served = await serveProbe();
  assert.deepEqual(await connectClient(served.url).unary('echo', { text: 'héllo' }), { text: 'héllo' });
});

test('a Connect client may call what only reads by GET', async () => {
  await using served = await serveProbe();
  const client = connectClient(served.url, true);
  assert.deepEqual(await client.unary('read', { text: 'a+b/c?&=ü' }), { text: 'a+b/c?&=ü' });
});

test('a Connect client sees code, message and detail of an error', async () => {
  await using served = await serveProbe();
  const refused = connectClient(served.url).unary('refuse', { code: 'CARD_DECLINED', limit: 3 });
  await assert.rejects(refused, (thrown) => {
    const error = ConnectError.from(thrown);
    assert.equal(error.code, Code.FailedPrecondition);
    assert.equal(error.rawMessage, 'no more than 3');
    const [detail] = error.details as unknown as { type: string; value: Uint8Array; debug: unknown }[];
    assert.equal(detail!.type, 'goblin.Error');
    const whole = { code: 'CARD_DECLINED', message: 'no more than 3', data: { limit: 3 } };
    assert.deepEqual(JSON.parse(Buffer.from(detail!.value).toString()), whole);
    assert.deepEqual(detail!.debug, whole);
    return true;
  });
});

test('a Connect client sees the code of each of our errors', async () => {
  await using served = await serveProbe();
  const codes = {
    NOT_FOUND: Code.NotFound,
    CONFLICT: Code.Aborted,
    UNAUTHENTICATED: Code.Unauthenticated,
    RESOURCE_EXHAUSTED: Code.ResourceExhausted,
    UNAVAILABLE: Code.Unavailable,
    BUG: Code.Internal,
  };
  for (const [code, expected] of Object.entries(codes)) {
    await assert.rejects(connectClient(served.url).unary('refuse', { code, limit: 0 }), { code: expected });
  }
});

test('a Connect client is told of input that does not fit, and of a procedure that is not there', async () => {
  await using served = await serveProbe();
  const client = connectClient(served.url);
  await assert.rejects(client.unary('echo', { text: 7 }), { code: Code.InvalidArgument });
  await assert.rejects(client.unary('unheard', {}), { code: Code.Unimplemented });
});

test("a Connect client's timeout ends the call on both sides", async () => {
  await using served = await serveProbe();
  const hasBegun = (): boolean => served.record.running > 0 || served.record.ended !== undefined;
  // On a busy machine the time may pass before the handler has begun.
  for (let timeoutMs = 60; !hasBegun(); timeoutMs *= 2) {
    const hanging = connectClient(served.url).unary('hang', {}, { timeoutMs });
    await assert.rejects(hanging, { code: Code.DeadlineExceeded });
  }
  await until(() => served.record.ended !== undefined, 'the handler heard of it');
});

test("a Connect client's timeout is the handler's deadline", async () => {
  await using served = await serveProbe();
  const { seen } = (await connectClient(served.url).unary('whoami', {}, { timeoutMs: 60_000 })) as {
    seen: { leftMs: number };
  };
  assert.ok(seen.leftMs > 0 && seen.leftMs <= 60_000, `${seen.leftMs} ms are left`);
});

test('a Connect client reads a stream to its end', async () => {
  await using served = await serveProbe();
  const seen = await Array.fromAsync(connectClient(served.url).stream('count', { to: 100, padding: 2 }));
  assert.equal(seen.length, 100);
  assert.deepEqual(seen[99], { n: 100, padding: 'xx' });
});

test('a Connect client gets the error of a stream after its items', async () => {
  await using served = await serveProbe();
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const item of connectClient(served.url).stream('break', { after: 2 })) seen.push(item);
  })();
  await assert.rejects(reading, { code: Code.FailedPrecondition });
  assert.deepEqual(seen, [{ n: 1 }, { n: 2 }]);
});

test('a Connect client that cancels a stream ends its handler', async () => {
  await using served = await serveProbe();
  const leave = new AbortController();
  const reading = (async () => {
    for await (const item of connectClient(served.url).stream('tick', {}, { signal: leave.signal }))
      if ((item as { n: number }).n === 3) leave.abort();
  })();
  await assert.rejects(reading, { code: Code.Canceled });
  await until(() => served.record.ended !== undefined, 'the handler has ended');
});
