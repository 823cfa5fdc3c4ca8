import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { clientOf } from './call.ts';
import { context } from './context.ts';
import { type Client, contract, type Handlers } from './contract.ts';
import { fail, type GoblinError } from './errors.ts';
import { procedureService } from './procedures.ts';
import { testTelemetry } from './telemetry/test-telemetry.ts';

const tax = contract('tax.v1', {
  quote: {
    input: z.object({ country: z.string().length(2) }),
    output: z.object({ rate: z.number() }),
    errors: ['UNKNOWN_COUNTRY'],
    deadline: '50ms',
  },
  count: { input: z.object({ to: z.int() }), output: z.int(), stream: true },
});

/** A client directly in front of the server's filters, as within one process. */
function clientWith(handlers: Partial<Handlers<typeof tax>>): Client<typeof tax> {
  const all: Handlers<typeof tax> = {
    quote: () => ({ rate: 0.2 }),
    async *count({ to }) {
      for (let i = 1; i <= to; i++) yield i;
    },
    ...handlers,
  };
  return clientOf(tax, procedureService(tax, all, testTelemetry()));
}

test('a handler never sees input that its schema refuses, and the caller is told which field', async () => {
  let calls = 0;
  const client = clientWith({ quote: () => ({ rate: ++calls }) });
  await assert.rejects(client.quote({ country: 'FRA' }), (error: GoblinError) => {
    assert.equal(error.code, 'INVALID_INPUT');
    assert.match(error.message, /the input of \/tax\.v1\/quote is not valid: country: /);
    return true;
  });
  assert.equal(calls, 0);
});

test('what the output schema does not declare does not leave the service', async () => {
  const answer = await clientWith({ quote: () => ({ rate: 0.2, secret: 'x' }) as { rate: number } }).quote({
    country: 'FR',
  });
  assert.deepEqual(answer, { rate: 0.2 });
});

test('output that breaks the contract is a fault of the service', async () => {
  const client = clientWith({ quote: () => ({ rate: 'much' }) as unknown as { rate: number } });
  await assert.rejects(client.quote({ country: 'FR' }), { code: 'INTERNAL' });
});

test('a declared code reaches the caller with its data', async () => {
  const client = clientWith({ quote: ({ country }) => fail('UNKNOWN_COUNTRY', { country }) });
  await assert.rejects(client.quote({ country: 'XX' }), { code: 'UNKNOWN_COUNTRY', data: { country: 'XX' } });
});

test('an undeclared code and a plain error are told as INTERNAL without their words', async () => {
  for (const handler of [() => fail('SURPRISE'), () => assert.fail('the password is 1234')]) {
    await assert.rejects(clientWith({ quote: handler }).quote({ country: 'FR' }), (error: GoblinError) => {
      assert.equal(error.code, 'INTERNAL');
      assert.doesNotMatch(error.message, /SURPRISE|1234/);
      return true;
    });
  }
});

test('a handler that takes too long is cut off at the deadline and told so by its signal', async () => {
  let told: unknown;
  const client = clientWith({
    quote: () =>
      new Promise(() => {
        const { signal } = context;
        signal.addEventListener('abort', () => {
          told = signal.reason;
        });
      }),
  });
  await assert.rejects(client.quote({ country: 'FR' }), { code: 'DEADLINE_EXCEEDED' });
  assert.equal((told as GoblinError).code, 'DEADLINE_EXCEEDED');
});

test('a stream checks each item, and ends the producer when the consumer leaves', async () => {
  const ended = Promise.withResolvers<void>();
  const client = clientWith({
    async *count() {
      try {
        for (let i = 1; ; i++) yield i;
      } finally {
        ended.resolve();
      }
    },
  });
  for await (const item of client.count({ to: 9 })) if (item === 3) break;
  await ended.promise;
  const broken = clientWith({
    async *count() {
      yield 1;
      yield 'two' as unknown as number;
    },
  });
  await assert.rejects(
    async () => {
      for await (const item of broken.count({ to: 2 })) assert.equal(item, 1);
    },
    { code: 'INTERNAL' },
  );
});
