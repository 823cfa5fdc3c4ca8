/** A calls B calls C, with a real server and real connections at each hop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CallService,
  type Client,
  clientOf,
  context,
  contract,
  fail,
  type GoblinError,
} from '@goblin/core';
import { z } from 'zod';
import { noneLeftOpen, openHandles } from '../testing/open-handles.ts';
import { peerAt } from '../testing/peer-at.ts';
import { serveContract } from '../testing/serve-probe.ts';
import { until } from '../testing/until.ts';
import type { HttpServer } from './http-server.ts';
import { httpTransport } from './http-transport.ts';

const chain = contract('chain.v1', {
  ticks: { input: z.object({}), output: z.object({ n: z.number() }), stream: true },
  wait: { input: z.object({}), output: z.object({ leftMs: z.number() }), deadline: '10s' },
  fail: { input: z.object({}), output: z.null(), errors: ['CARD_DECLINED'] },
});
type Chain = Client<typeof chain>;

/** What the last hop saw. */
interface Seen {
  ticks: number;
  waiting: boolean;
  aborted: GoblinError | undefined;
}

interface Hops extends AsyncDisposable {
  readonly client: Chain;
  readonly seen: Seen;
}

async function threeHops(): Promise<Hops> {
  const before = openHandles();
  const seen: Seen = { ticks: 0, waiting: false, aborted: undefined };
  const transports = [httpTransport(), httpTransport(), httpTransport()];
  const to = (hop: number, server: HttpServer): CallService => {
    const peer = peerAt(server);
    return (call) => transports[hop]!.call(peer, call);
  };
  const watch = (): void => {
    const { signal } = context;
    signal.addEventListener('abort', () => {
      seen.aborted = signal.reason;
    });
  };
  const c = await serveContract(chain, {
    async *ticks() {
      watch();
      for (let n = 1; ; n++) {
        seen.ticks = n;
        yield { n };
        if (n % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async wait() {
      watch();
      seen.waiting = true;
      await new Promise((_, reject) =>
        context.signal.addEventListener('abort', () => reject(context.signal.reason)),
      );
      return { leftMs: 0 };
    },
    fail() {
      fail('CARD_DECLINED', { hop: 'c' });
    },
  });
  const onward = (next: Chain): Parameters<typeof serveContract<typeof chain>>[1] => ({
    async *ticks() {
      yield* next.ticks({});
    },
    wait: () => next.wait({}),
    fail: () => next.fail({}),
  });
  const b = await serveContract(chain, onward(clientOf(chain, to(2, c.server))));
  const a = await serveContract(chain, onward(clientOf(chain, to(1, b.server))));
  return {
    client: clientOf(chain, to(0, a.server)),
    seen,
    async [Symbol.asyncDispose]() {
      for (const transport of transports) await transport.close();
      for (const { server } of [a, b, c]) await server.drain(500);
      await noneLeftOpen(before);
    },
  };
}

test('a stream crosses three hops, and ends at the last one when its reader leaves', async () => {
  await using hops = await threeHops();
  for await (const { n } of hops.client.ticks({})) {
    if (n === 500) break;
  }
  await until(() => hops.seen.aborted !== undefined, 'the last hop hears of it');
  assert.equal(hops.seen.aborted?.code, 'CANCELED');
  const { ticks } = hops.seen;
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.ok(hops.seen.ticks <= ticks + 3, 'it goes on making items');
});

test('a call that nobody waits for any more ends three hops down', async () => {
  await using hops = await threeHops();
  const leave = new AbortController();
  const waiting = hops.client.wait({}, { signal: leave.signal });
  await until(() => hops.seen.waiting, 'the last hop has begun');
  leave.abort();
  await assert.rejects(waiting, { code: 'CANCELED' });
  await until(() => hops.seen.aborted !== undefined, 'the last hop hears of it');
});

test('a deadline set at the first hop ends the work at the last', async () => {
  await using hops = await threeHops();
  // On a busy machine a deadline may pass before the last hop has begun.
  for (let deadlineMs = 80; !hops.seen.waiting; deadlineMs *= 2)
    await assert.rejects(hops.client.wait({}, { deadline: deadlineMs }), { code: 'DEADLINE_EXCEEDED' });
  await until(() => hops.seen.aborted !== undefined, 'the last hop hears of it');
});

test('an error crosses three hops whole', async () => {
  await using hops = await threeHops();
  await assert.rejects(hops.client.fail({}), { code: 'CARD_DECLINED', data: { hop: 'c' } });
});
