import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { context, GoblinError, type Logger, sleep, testTelemetry } from '@goblin/core';
import { seededRandom } from '../balance/testing/seeded-random.ts';
import { clusterKey } from '../discovery/cluster-key.ts';
import { announcement, SECRET } from '../discovery/testing/recorder.ts';
import type { Peer } from '../peer.ts';
import { rawClient } from '../testing/raw-client.ts';
import { serveProbe } from '../testing/serve-probe.ts';
import { until } from '../testing/until.ts';
import { controlDoor, type Orders } from './control-door.ts';
import { MAX_ORDER_BYTES, type Order, readAnswer, writeOrder } from './order-message.ts';
import { sendOrder } from './send-order.ts';

const KEY = clusterKey({ cluster: 'tests', secret: SECRET });
const SELF = announcement('tax-1', { startedAt: 1_000 });
const SENDER = {
  self: announcement('cli-1', { service: undefined, address: undefined }),
  clusterKey: KEY,
};

/** A real server whose control door knows these orders. */
async function serveOrders(orders: Orders) {
  const lines: { readonly level: string; readonly fields: unknown; readonly text: string }[] = [];
  const telemetry = testTelemetry();
  const door = controlDoor({
    clusterKey: KEY,
    self: () => SELF,
    orders,
    log: recordingLog(lines),
    metrics: telemetry.metrics,
  });
  const served = await serveProbe({ control: door });
  const address = { host: served.server.host, port: served.server.port };
  const peer: Peer = { ...SELF, address };
  return {
    url: `${served.url}/.goblin/control`,
    port: address.port,
    peer,
    lines,
    door,
    metrics: telemetry.metrics,
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

function recordingLog(lines: { level: string; fields: unknown; text: string }[]): Logger {
  const at =
    (level: string) =>
    (first: unknown, text?: string): void =>
      void lines.push({ level, fields: first, text: text ?? String(first) });
  return { info: at('info'), warn: at('warn'), error: at('error') } as unknown as Logger;
}

/** An order as it is before it is sealed. */
function order(changes: Partial<Order> = {}): Order {
  return {
    sentAt: Date.now(),
    nonce: randomBytes(16).toString('hex'),
    to: { instance: SELF.instance, startedAt: SELF.startedAt },
    forMs: 1_000,
    order: 'add',
    args: [1, 2],
    actor: { who: 'ada@laptop', instance: 'cli-1' },
    ...changes,
  };
}

const add = (args: unknown): number => (args as number[]).reduce((a, b) => a + b);
const post = (url: string, body: Uint8Array | string): Promise<Response> =>
  fetch(url, { method: 'POST', body: body as never });

test('an order is carried out and answered, and the log says who gave it', async () => {
  await using served = await serveOrders({ add, whose: () => context.actor });
  assert.equal(await sendOrder(SENDER, served.peer, 'add', [1, 2]), 3);
  assert.equal(await sendOrder(SENDER, served.peer, 'whose', undefined, { who: 'ada@laptop' }), 'ada@laptop');
  const [first, second] = served.lines;
  assert.match(first!.text, /^order add from \S+@\S+ \(cli-1\)$/);
  assert.deepEqual(second!.fields, { order: 'whose', args: undefined, actor: 'ada@laptop', from: 'cli-1' });
});

test('what an order throws reaches its sender as it is, and what nobody meant to say as INTERNAL', async () => {
  await using served = await serveOrders({
    refuse: () => {
      throw new GoblinError('CONFLICT', { message: 'not now', data: { until: 7 } });
    },
    break: () => {
      throw new Error('a detail of ours');
    },
    circle: () => {
      const circle: { self?: unknown } = {};
      circle.self = circle;
      return circle;
    },
  });
  await assert.rejects(sendOrder(SENDER, served.peer, 'refuse'), {
    code: 'CONFLICT',
    message: 'not now',
    data: { until: 7 },
  });
  await assert.rejects(sendOrder(SENDER, served.peer, 'break'), (error: GoblinError) => {
    assert.equal(error.code, 'INTERNAL');
    assert.doesNotMatch(error.message, /detail/);
    return true;
  });
  await assert.rejects(sendOrder(SENDER, served.peer, 'circle'), { code: 'INTERNAL' });
  await assert.rejects(sendOrder(SENDER, served.peer, 'toString'), {
    code: 'UNIMPLEMENTED',
    message: 'tax-1 does not know the order toString; it knows refuse, break, circle',
  });
});

test('an order has a deadline, on both sides', async () => {
  let ended: unknown;
  await using served = await serveOrders({
    hang: () =>
      sleep(60_000, context.signal).catch((reason) => {
        ended = reason;
        throw reason;
      }),
  });
  await assert.rejects(sendOrder(SENDER, served.peer, 'hang', undefined, { deadline: '50ms' }), {
    code: 'DEADLINE_EXCEEDED',
  });
  await until(() => (ended as GoblinError | undefined)?.code === 'DEADLINE_EXCEEDED', 'the work has ended');
});

test('at most 64 orders run at a time', async () => {
  const release = Promise.withResolvers<void>();
  let running = 0;
  await using served = await serveOrders({
    wait: () => {
      running += 1;
      return release.promise;
    },
  });
  const waiting = Array.from({ length: 64 }, () => sendOrder(SENDER, served.peer, 'wait'));
  await until(() => running === 64, '64 run');
  await assert.rejects(sendOrder(SENDER, served.peer, 'wait'), { code: 'RESOURCE_EXHAUSTED' });
  release.resolve();
  await Promise.all(waiting);
  assert.equal(await sendOrder(SENDER, served.peer, 'wait'), undefined);
});

test('whoever lacks the key is refused, and so is what is late, early, repeated or meant for another process', async () => {
  let carriedOut = 0;
  await using served = await serveOrders({ add: () => ++carriedOut });
  const stranger = clusterKey({ cluster: 'tests', secret: 'another secret of sixteen' });
  const neighbour = clusterKey({ cluster: 'others', secret: SECRET });
  const good = KEY.seal(writeOrder(order()));
  const refused: readonly (Uint8Array | string)[] = [
    '',
    'please',
    writeOrder(order()),
    stranger.seal(writeOrder(order())),
    neighbour.seal(writeOrder(order())),
    good.subarray(0, good.length - 1),
    KEY.seal(writeOrder(order({ sentAt: Date.now() - 31_000 }))),
    KEY.seal(writeOrder(order({ sentAt: Date.now() + 31_000 }))),
    KEY.seal(writeOrder(order({ to: { instance: 'tax-2', startedAt: 1_000 } }))),
    KEY.seal(writeOrder(order({ to: { instance: 'tax-1', startedAt: 999 } }))),
    KEY.seal(Buffer.from('{"goblin":"answer","nonce":"00"}')),
    KEY.seal(Buffer.from('not JSON')),
  ];
  for (const body of refused) assert.equal((await post(served.url, body)).status, 403);
  assert.equal(carriedOut, 0);
  assert.equal((await post(served.url, good)).status, 200);
  assert.equal((await post(served.url, good)).status, 403, 'a copy');
  assert.equal(carriedOut, 1);
  const [warning, ...more] = served.lines.filter(({ level }) => level === 'warn');
  assert.match(warning!.text, /control: refused a message/);
  assert.equal(more.length, 0, 'the others are told together, within a minute');
  await assert.rejects(sendOrder({ ...SENDER, clusterKey: stranger }, served.peer, 'add'), {
    code: 'FORBIDDEN',
  });
  await assert.rejects(sendOrder(SENDER, { ...served.peer, startedAt: 1 }, 'add'), { code: 'FORBIDDEN' });
});

test('the answer cannot be read by others, nor taken for the answer to another order', async () => {
  await using served = await serveOrders({ add });
  const asked = order();
  const sealed = Buffer.from(await (await post(served.url, KEY.seal(writeOrder(asked)))).arrayBuffer());
  assert.ok(!sealed.includes('result'));
  assert.deepEqual(readAnswer(KEY.open(sealed)!), { nonce: asked.nonce, result: 3 });
  await using liar = await serveProbe({ control: async () => sealed });
  const { host, port } = liar.server;
  await assert.rejects(sendOrder(SENDER, { ...served.peer, address: { host, port } }, 'add'), {
    code: 'BAD_ANSWER',
  });
});

test('orders and answers are bounded', async () => {
  await using served = await serveOrders({
    size: (args) => String(args).length,
    much: () => 'x'.repeat(5_000_000),
  });
  assert.equal(await sendOrder(SENDER, served.peer, 'size', 'x'.repeat(60_000)), 60_000);
  await assert.rejects(sendOrder(SENDER, served.peer, 'size', 'x'.repeat(MAX_ORDER_BYTES)), {
    code: 'PAYLOAD_TOO_LARGE',
  });
  assert.equal((await post(served.url, Buffer.alloc(MAX_ORDER_BYTES + 1))).status, 413);
  await assert.rejects(sendOrder(SENDER, served.peer, 'much'), { code: 'PAYLOAD_TOO_LARGE' });
  assert.equal((await fetch(served.url)).status, 405);
});

test('a process that is not there, listens nowhere or takes no orders is said to be so', async () => {
  await using without = await serveProbe();
  const at = (port: number): Peer => ({ ...SELF, address: { host: '127.0.0.1', port } });
  await assert.rejects(sendOrder(SENDER, at(without.server.port), 'add'), {
    code: 'UNIMPLEMENTED',
    message: 'tax-1 takes no orders: it answered 404',
  });
  await assert.rejects(sendOrder(SENDER, SENDER.self, 'add'), { code: 'UNIMPLEMENTED' });
  await assert.rejects(sendOrder(SENDER, { ...SELF, address: undefined }, 'add'), { code: 'UNAVAILABLE' });
  await assert.rejects(sendOrder(SENDER, at(1), 'add'), {
    code: 'CONNECTION_FAILED',
    message: /tax-1 at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
  });
});

test('damaged orders change nothing, and the door answers on', async () => {
  const random = seededRandom(11);
  const byte = (): number => Math.floor(random() * 256);
  let carriedOut = 0;
  await using served = await serveOrders({ add: () => ++carriedOut });
  for (let i = 0; i < 3_000; i++) {
    const plain = Buffer.from(writeOrder(order()));
    const sealed = Buffer.from(KEY.seal(plain));
    const kind = i % 4;
    if (kind === 0) sealed[Math.floor(random() * sealed.length)]! ^= 1 + Math.floor(random() * 255);
    const body =
      kind === 0
        ? sealed
        : kind === 1
          ? sealed.subarray(0, Math.floor(random() * sealed.length))
          : kind === 2
            ? Buffer.from(Array.from({ length: Math.floor(random() * 300) }, byte))
            : // From a member that is broken: sealed well, but no order.
              KEY.seal(Buffer.from(Array.from({ length: Math.floor(random() * 300) }, byte)));
    assert.equal(await served.door(body), undefined);
  }
  for (const field of Object.keys(order())) {
    for (const wrong of [null, -1, '', 'x\ny', [], {}, { instance: 7 }, 'x'.repeat(300)]) {
      if (field === 'args') continue;
      const sealed = KEY.seal(writeOrder({ ...order(), [field]: wrong }));
      assert.equal(await served.door(sealed), undefined, `${field}: ${JSON.stringify(wrong)}`);
    }
  }
  assert.equal(carriedOut, 0);
  assert.equal(await sendOrder(SENDER, served.peer, 'add'), 1);
});

test('a sender that leaves halfway, and one that never finishes, harm nobody', async () => {
  let carriedOut = 0;
  await using served = await serveOrders({ add: () => ++carriedOut });
  const sealed = Buffer.from(KEY.seal(writeOrder(order())));
  const head = `POST /.goblin/control HTTP/1.1\r\nhost: x\r\ncontent-length: ${sealed.length}\r\n\r\n`;
  using slow = await rawClient(served.port);
  slow.send(head);
  slow.send(sealed.subarray(0, 20));
  {
    using gone = await rawClient(served.port);
    gone.send(head);
    gone.send(sealed.subarray(0, 20));
  }
  assert.equal(await sendOrder(SENDER, served.peer, 'add'), 1);
  slow.send(sealed.subarray(20));
  await slow.receive('200 OK');
  assert.equal(carriedOut, 2);
});

test('docs/reference/metrics.md has a line for every metric of the control door, as it is', async () => {
  await using served = await serveOrders({ add });
  const page = await readFile(new URL('../../../../docs/reference/metrics.md', import.meta.url), 'utf8');
  const ours = served.metrics.instruments().filter(({ name }) => name.startsWith('mesh_orders'));
  assert.equal(ours.length, 2);
  for (const { name, kind, labels, help } of ours) {
    const line = `| \`${name}\` | ${kind} | | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
    assert.ok(page.includes(line), `${line} is not on the page`);
  }
});
