/** What every way of carrying a call must promise, as one set of cases. Each way runs them all, with a check after each
 * that nothing was left open. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Call,
  type CallService,
  Cancellation,
  type Client,
  type ContextValues,
  clientOf,
  context,
  contract,
  GoblinError,
  type Handlers,
  procedureService,
  type Telemetry,
} from '@goblin/core';
import { z } from 'zod';
import { noneLeftOpen, openHandles } from './open-handles.ts';
import { until } from './until.ts';

/** The service that the cases call. */
export const probe = contract('probe.v1', {
  echo: { input: z.object({ text: z.string() }), output: z.object({ text: z.string() }), idempotent: true },
  read: { input: z.object({ text: z.string() }), output: z.object({ text: z.string() }), get: true },
  nothing: { input: z.undefined(), output: z.undefined() },
  refuse: {
    input: z.object({ code: z.string(), limit: z.number() }),
    output: z.null(),
    errors: ['CARD_DECLINED'],
  },
  whoami: { input: z.object({}), output: z.object({ seen: z.record(z.string(), z.unknown()) }) },
  hang: { input: z.object({}), output: z.null(), deadline: '10s' },
  count: {
    input: z.object({ to: z.number(), padding: z.number() }),
    output: z.object({ n: z.number(), padding: z.string() }),
    stream: true,
  },
  break: {
    input: z.object({ after: z.number() }),
    output: z.object({ n: z.number() }),
    stream: true,
    errors: ['CARD_DECLINED'],
  },
  tick: { input: z.object({}), output: z.object({ n: z.number() }), stream: true },
});

/** What the handlers did, for the cases to look at. */
export interface ProbeRecord {
  /** Handlers that run now. */
  running: number;
  /** Items that `count` has made. */
  made: number;
  /** Why the last `hang` or `tick` ended. */
  ended: unknown;
}

export function probeHandlers(record: ProbeRecord): Handlers<typeof probe> {
  return {
    echo: ({ text }) => ({ text }),
    read: ({ text }) => ({ text }),
    nothing: () => undefined,
    refuse({ code, limit }) {
      if (code === 'BUG') throw new TypeError('secret detail');
      throw new GoblinError(code, { message: `no more than ${limit}`, data: { limit } });
    },
    whoami: () => ({ seen: visible(context.current) }),
    async hang() {
      await untilAborted(record);
      return null;
    },
    async *count({ to, padding }) {
      record.running++;
      try {
        for (let n = 1; n <= to; n++) {
          record.made = n;
          yield { n, padding: 'x'.repeat(padding) };
        }
      } finally {
        record.running--;
      }
    },
    async *break({ after }) {
      for (let n = 1; n <= after; n++) yield { n };
      throw new GoblinError('CARD_DECLINED', { message: 'declined', data: { after } });
    },
    async *tick() {
      for (let n = 1; ; n++) {
        yield { n };
        if (n === 3) await untilAborted(record);
      }
    },
  };
}

async function untilAborted(record: ProbeRecord): Promise<void> {
  const { signal } = context;
  record.running++;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  record.running--;
  record.ended = signal.reason;
  throw signal.reason;
}

function visible({
  deadline,
  trace,
  baggage,
  tenant,
  actor,
  requestId,
}: ContextValues): Record<string, unknown> {
  return {
    leftMs: deadline === Number.POSITIVE_INFINITY ? null : deadline - performance.now(),
    traceId: trace?.traceId,
    sampled: trace?.sampled,
    baggage: baggage && Object.fromEntries(baggage),
    tenant,
    actor,
    requestId,
  };
}

/** A way to reach a service. */
export interface Way extends AsyncDisposable {
  readonly calls: CallService;
}

export interface WayOptions {
  readonly name: string;
  readonly telemetry: Telemetry;
  /** Serves the procedures and reaches them. */
  open(procedures: CallService): Promise<Way>;
}

interface Rig extends AsyncDisposable {
  readonly client: Client<typeof probe>;
  readonly calls: CallService;
  readonly record: ProbeRecord;
}

/** Declares the cases for one way. */
export function transportCases(options: WayOptions): void {
  async function rig(): Promise<Rig> {
    const before = openHandles();
    // Deadlines alone do not keep a process alive.
    const alive = setInterval(() => {}, 60_000);
    const record: ProbeRecord = { running: 0, made: 0, ended: undefined };
    const way = await options.open(procedureService(probe, probeHandlers(record), options.telemetry));
    return {
      client: clientOf(probe, way.calls),
      calls: way.calls,
      record,
      async [Symbol.asyncDispose]() {
        await until(() => record.running === 0, 'every handler has ended');
        await way[Symbol.asyncDispose]();
        clearInterval(alive);
        await noneLeftOpen(before);
      },
    };
  }

  describe(`a call ${options.name}`, () => {
    test('brings the output back', async () => {
      await using r = await rig();
      const text = 'naïve – 日本語 – \u{1f600} " \\ \n';
      assert.deepEqual(await r.client.echo({ text }), { text });
      assert.deepEqual(await r.client.read({ text }), { text });
    });

    test('may have neither input nor output', async () => {
      await using r = await rig();
      assert.equal(await r.client.nothing(undefined), undefined);
    });

    test('carries half a megabyte each way', async () => {
      await using r = await rig();
      const text = '0123456789abcdef'.repeat(32_768);
      assert.equal((await r.client.echo({ text })).text.length, text.length);
    });

    test('keeps hundreds in flight apart', async () => {
      await using r = await rig();
      const texts = Array.from({ length: 300 }, (_, i) => `text ${i}`);
      const answers = await Promise.all(texts.map((text) => r.client.echo({ text })));
      assert.deepEqual(
        answers.map(({ text }) => text),
        texts,
      );
    });

    test('is refused with all problems when the input does not fit', async () => {
      await using r = await rig();
      const wrong = { text: 7 } as unknown as { text: string };
      await assert.rejects(r.client.echo(wrong), (error: GoblinError) => {
        assert.equal(error.code, 'INVALID_INPUT');
        assert.equal((error.data as { problems: { path: string }[] }).problems[0]!.path, 'text');
        return true;
      });
    });

    test('brings a declared error back whole', async () => {
      await using r = await rig();
      await assert.rejects(r.client.refuse({ code: 'CARD_DECLINED', limit: 3 }), (error: GoblinError) => {
        assert.ok(error instanceof GoblinError);
        assert.deepEqual(error.toJSON(), {
          code: 'CARD_DECLINED',
          message: 'no more than 3',
          data: { limit: 3 },
        });
        return true;
      });
    });

    test('tells nothing of an error that was not foreseen', async () => {
      await using r = await rig();
      await assert.rejects(r.client.refuse({ code: 'BUG', limit: 0 }), (error: GoblinError) => {
        assert.equal(error.code, 'INTERNAL');
        assert.doesNotMatch(JSON.stringify(error), /secret/);
        return true;
      });
    });

    test('takes its context along', async () => {
      await using r = await rig();
      const traceId = '0af7651916cd43dd8448eb211c80319c';
      const changes: Partial<ContextValues> = {
        trace: { traceId, spanId: 'b7ad6b7169203331', sampled: true },
        baggage: new Map([['basket', 'two words, one comma']]),
        tenant: 'Zürich AG',
        actor: 'user:7',
        requestId: 'request-1',
      };
      const { seen } = await context.run(changes, () => r.client.whoami({}, { deadline: '2s' }));
      const { leftMs, ...others } = seen;
      assert.deepEqual(others, {
        traceId,
        sampled: true,
        baggage: { basket: 'two words, one comma' },
        tenant: 'Zürich AG',
        actor: 'user:7',
        requestId: 'request-1',
      });
      assert.ok((leftMs as number) > 1_000 && (leftMs as number) <= 2_001, `${leftMs} ms are left`);
    });

    test('ends on both sides when its deadline passes', async () => {
      await using r = await rig();
      await assert.rejects(r.client.hang({}, { deadline: '60ms' }), { code: 'DEADLINE_EXCEEDED' });
      await until(() => r.record.ended !== undefined, 'the handler heard of it');
    });

    test('ends on both sides when its caller does not want it any more', async () => {
      await using r = await rig();
      const leave = new AbortController();
      const hanging = r.client.hang({}, { signal: leave.signal });
      await until(() => r.record.running === 1, 'the handler runs');
      leave.abort();
      await assert.rejects(hanging, { code: 'CANCELED' });
      await until(() => r.record.running === 0, 'the handler has ended');
    });

    test('is not begun when its caller has left before', async () => {
      await using r = await rig();
      const call: Call = { procedure: probe.procedures.echo, input: { text: 'late' } };
      const cancellation = new Cancellation();
      cancellation.cancel(new GoblinError('CANCELED'));
      const changes = { cancellation, deadline: performance.now() + 1_000 };
      await assert.rejects(
        context.run(changes, () => r.calls(call)),
        { code: 'CANCELED' },
      );
    });
  });

  describe(`a stream ${options.name}`, () => {
    test('brings its items in order', async () => {
      await using r = await rig();
      const seen: number[] = [];
      for await (const { n } of r.client.count({ to: 1_000, padding: 10 })) seen.push(n);
      assert.deepEqual(
        seen,
        Array.from({ length: 1_000 }, (_, i) => i + 1),
      );
    });

    test('may be empty', async () => {
      await using r = await rig();
      for await (const _ of r.client.count({ to: 0, padding: 0 })) assert.fail('there is an item');
    });

    test('makes no more than its reader takes, within bounds', async () => {
      await using r = await rig();
      const items = r.client.count({ to: 10_000, padding: 16_384 })[Symbol.asyncIterator]();
      await items.next();
      await settled(() => r.record.made);
      assert.ok(r.record.made < 2_000, `${r.record.made} items were made for a reader that took one`);
      await items.return?.();
    });

    test('brings an error after the items before it', async () => {
      await using r = await rig();
      const seen: number[] = [];
      const reading = (async () => {
        for await (const { n } of r.client.break({ after: 3 })) seen.push(n);
      })();
      await assert.rejects(reading, { code: 'CARD_DECLINED', message: 'declined' });
      assert.deepEqual(seen, [1, 2, 3]);
    });

    test('may fail before its first item', async () => {
      await using r = await rig();
      const items = r.client.break({ after: 0 })[Symbol.asyncIterator]();
      await assert.rejects(items.next(), { code: 'CARD_DECLINED' });
      assert.deepEqual(await items.next(), { done: true, value: undefined });
    });

    test('is refused when its input does not fit', async () => {
      await using r = await rig();
      const wrong = { to: 'x' } as unknown as { to: number; padding: number };
      await assert.rejects(r.client.count(wrong)[Symbol.asyncIterator]().next(), { code: 'INVALID_INPUT' });
    });

    test('ends on the other side when its reader leaves the loop', async () => {
      await using r = await rig();
      for await (const { n } of r.client.tick({})) if (n === 3) break;
      await until(() => r.record.running === 0, 'the handler has ended');
    });

    test('ends on both sides when its deadline passes', async () => {
      await using r = await rig();
      const reading = (async () => {
        for await (const _ of r.client.tick({}, { deadline: '80ms' }));
      })();
      await assert.rejects(reading, { code: 'DEADLINE_EXCEEDED' });
      await until(() => r.record.ended !== undefined, 'the handler heard of it');
    });
  });
}

/** Resolves when the number has not changed for 50 ms. */
async function settled(read: () => number): Promise<void> {
  let last = -1;
  let since = performance.now();
  await until(() => {
    if (read() !== last) {
      last = read();
      since = performance.now();
    }
    return performance.now() - since > 50;
  }, 'it settles');
}
