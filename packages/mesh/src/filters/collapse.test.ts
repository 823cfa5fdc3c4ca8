import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallFilter, context, contract, type Filter } from '@goblin/core';
import { z } from 'zod';
import { recorder } from '../discovery/testing/recorder.ts';
import { collapse } from './collapse.ts';
import { readKey } from './read-key.ts';

const any = { input: z.any(), output: z.any() };
const { quote, charge } = contract('tax.v1', {
  quote: { ...any, get: true },
  charge: { ...any, idempotent: true },
}).procedures;

/** Calls through a filter; the work answers with how often it has run. */
function setUp(filter: CallFilter) {
  const begun: string[] = [];
  const end = Promise.withResolvers<void>();
  const call = (
    who: { tenant?: string; actor?: string },
    input: unknown,
    procedure = quote,
  ): Promise<unknown> =>
    context.run(who, () =>
      filter({ procedure, input }, async () => {
        begun.push(`${context.tenant}/${context.actor}`);
        const answer = `answer ${begun.length} for ${context.tenant}`;
        await end.promise;
        return answer;
      }),
    );
  return { call, begun, end: () => end.resolve() };
}

const ada = { tenant: 'acme', actor: 'ada' };

test('a hundred identical calls at a time cost one', async () => {
  const telemetry = recorder();
  const { call, begun, end } = setUp(collapse({ metrics: telemetry.metrics, name: 'tax' }));
  const answers = Array.from({ length: 100 }, () => call(ada, { country: 'FR' }));
  const other = call(ada, { country: 'DE' });
  end();
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['answer 1 for acme']));
  assert.equal(await other, 'answer 2 for acme');
  assert.equal(begun.length, 2);
  assert.equal(telemetry.value('collapsed_calls_total{tax}'), 99);
});

test('two tenants never share, nor two actors, unless it is asked for', async () => {
  const callers: { tenant?: string; actor?: string }[] = [
    ada,
    { tenant: 'acme', actor: 'grace' },
    { tenant: 'globex', actor: 'ada' },
    {},
  ];
  for (const [per, runs] of [
    ['caller', 4],
    ['tenant', 3],
    ['all', 1],
  ] as const) {
    const { call, begun, end } = setUp(collapse({ per }));
    const answers = callers.map((caller) => call(caller, 'FR'));
    end();
    await Promise.all(answers);
    assert.equal(begun.length, runs, per);
  }
  const { call, end } = setUp(collapse());
  const answers = callers.map((caller) => call(caller, 'FR'));
  end();
  for (const [i, answer] of (await Promise.all(answers)).entries())
    assert.match(String(answer), new RegExp(`for ${callers[i]!.tenant}$`));
});

test('what does not only read is left alone, be it idempotent, until it is named', async () => {
  const { call, begun, end } = setUp(collapse());
  const answers = [call(ada, 'x', charge), call(ada, 'x', charge)];
  end();
  await Promise.all(answers);
  assert.equal(begun.length, 2);

  const named = setUp(collapse({ key: readKey('charge') }));
  const shared = [named.call(ada, 'x', charge), named.call(ada, 'x', charge)];
  named.end();
  await Promise.all(shared);
  assert.equal(named.begun.length, 1);
});

test('requests of any kind collapse by a key of your own', async () => {
  const filter: Filter<URL, string> = collapse({
    key: (url) => (url.search === '' ? url.pathname : undefined),
  });
  let fetched = 0;
  const get = (url: string): Promise<string> => filter(new URL(url), async () => `${++fetched}`);
  const answers = ['http://a/1', 'http://b/1', 'http://a/2', 'http://a/1?fresh'].map(get);
  assert.deepEqual(await Promise.all(answers), ['1', '1', '2', '3']);
});
