import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallFilter, context, contract, fail, secret, serve } from '@goblin/core';
import { z } from 'zod';
import { testPlatform } from './test-platform.ts';

const greeter = contract('greeter.v1', {
  greet: {
    input: z.object({ name: z.string() }),
    output: z.object({ text: z.string() }),
    errors: ['RUDE'],
    idempotent: true,
  },
});
const doorman = contract('doorman.v1', {
  welcome: {
    input: z.object({ guests: z.array(z.string()) }),
    output: z.object({ lines: z.array(z.string()) }),
  },
  watch: { input: z.object({}), output: z.string(), stream: true },
});

const greeterService = serve(greeter, {
  greet: ({ name }) => (name === 'Knave' ? fail('RUDE', { name }) : { text: `Hello, ${name}!` }),
});
const doormanService = serve(
  doorman,
  (app) => {
    const greetings = app.client(greeter);
    const { DOOR_KEY } = app.config({ DOOR_KEY: secret() });
    return {
      async welcome({ guests }) {
        assert.equal(DOOR_KEY.reveal(), 'open sesame');
        return {
          lines: (await Promise.all(guests.map((name) => greetings.greet({ name })))).map(({ text }) => text),
        };
      },
      async *watch() {
        yield 'a';
        yield 'b';
      },
    };
  },
  {
    routes: {
      'GET /welcome/:name': async (_request, call, { name }) =>
        Response.json(await call.welcome({ guests: [name!] })),
    },
  },
);
const config = { DOOR_KEY: 'open sesame' };

for (const over of ['process', 'http'] as const) {
  test(`services call each other over ${over}, and coded errors arrive whole`, async () => {
    await using platform = await testPlatform(
      { doorman: doormanService, greeter: greeterService },
      { over, config },
    );
    const client = platform.client(doorman);
    assert.deepEqual(await client.welcome({ guests: ['Ada', 'Grace'] }), {
      lines: ['Hello, Ada!', 'Hello, Grace!'],
    });
    await assert.rejects(platform.client(greeter).greet({ name: 'Knave' }), {
      code: 'RUDE',
      data: { name: 'Knave' },
    });
  });

  test(`streams arrive over ${over}`, async () => {
    await using platform = await testPlatform(
      { doorman: doormanService, greeter: greeterService },
      { over, config },
    );
    const items: string[] = [];
    for await (const item of platform.client(doorman).watch({})) items.push(item);
    assert.deepEqual(items, ['a', 'b']);
  });
}

test('a few functions stand in for a service, and its contract is still checked', async () => {
  await using platform = await testPlatform(
    { doorman: doormanService, greeter: { greet: async ({ name }) => ({ text: `Hi ${name}`, extra: 1 }) } },
    { config },
  );
  assert.deepEqual(await platform.client(doorman).welcome({ guests: ['Ada'] }), { lines: ['Hi Ada'] });
});

test('a service that the platform does not have is named', async () => {
  await using platform = await testPlatform({ greeter: greeterService });
  await assert.rejects(
    platform.client(doorman).welcome({ guests: [] }),
    /no service doorman; it has greeter/,
  );
});

test('the context of a caller reaches the called service in process', async () => {
  await using platform = await testPlatform({
    greeter: { greet: async () => ({ text: context.tenant ?? 'nobody' }) },
  });
  const answer = await context.run({ tenant: 'acme' }, () => platform.client(greeter).greet({ name: 'x' }));
  assert.equal(answer.text, 'acme');
});

test('filters of a client stand around its calls, and see what they are about', async () => {
  const called: string[] = [];
  const greet = contract('hall.v1', { greet: { input: z.object({}), output: z.string() } });
  const hall = serve(greet, (app) => {
    const refuseKnaves: CallFilter = async ({ procedure, input }, next) => {
      called.push(procedure.path);
      const { name } = input as { name: string };
      return name === 'Knave' ? fail('FORBIDDEN') : next({ procedure, input });
    };
    const greetings = app.client(greeter, { filters: [refuseKnaves] });
    return {
      greet: async () => {
        await assert.rejects(greetings.greet({ name: 'Knave' }), { code: 'FORBIDDEN' });
        return (await greetings.greet({ name: 'Ada' })).text;
      },
    };
  });
  await using platform = await testPlatform({ hall, greeter: greeterService });
  assert.equal(await platform.client(greet).greet({}), 'Hello, Ada!');
  assert.deepEqual(called, ['/greeter.v1/greet', '/greeter.v1/greet']);
});

test('plain routes are reached over a real socket', async () => {
  await using platform = await testPlatform({ doorman: doormanService, greeter: greeterService }, { config });
  const response = await platform.fetch('doorman', '/welcome/Ada');
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { lines: ['Hello, Ada!'] });
});
