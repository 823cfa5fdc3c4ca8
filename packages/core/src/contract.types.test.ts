/** What `tsc` must infer from a contract. The assertions are types: `npm run check` fails when one does not hold,
 * and when a line that must not compile does. */
import { test } from 'node:test';
import { z } from 'zod';
import type { SettingValues } from './config/config.ts';
import { type Secret, secret } from './config/secret.ts';
import * as setting from './config/settings.ts';
import { type CallOptions, type Client, type Contract, contract, type Handlers } from './contract.ts';
import { serve } from './serve.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function holds<_T extends true>(): void {}

const tax = contract('tax.v1', {
  quote: {
    // What is sent and what the handler sees differ: a default, and a transformation.
    input: z.object({
      country: z.string(),
      at: z.string().transform((text) => new Date(text)),
      n: z.int().default(1),
    }),
    output: z.object({ rate: z.number().transform((rate) => String(rate)) }),
    errors: ['UNKNOWN_COUNTRY'],
  },
  watch: { input: z.object({ country: z.string() }), output: z.number(), stream: true },
});
type Tax = typeof tax;

interface Sent {
  country: string;
  at: string;
  n?: number | undefined;
}
interface Seen {
  country: string;
  at: Date;
  n: number;
}

test('a client takes what the input schema takes and gives what the output schema makes', () => {
  type Quote = Client<Tax>['quote'];
  holds<Same<Parameters<Quote>[0], Sent>>();
  holds<Same<Parameters<Quote>[1], CallOptions | undefined>>();
  holds<Same<ReturnType<Quote>, Promise<{ rate: string }>>>();
  holds<Same<keyof Client<Tax>, 'quote' | 'watch'>>();
});

test('a client of a stream gives its items', () => {
  holds<Same<ReturnType<Client<Tax>['watch']>, AsyncIterable<number>>>();
});

test('a handler sees what the input schema makes and gives what the output schema takes', () => {
  type Quote = Handlers<Tax>['quote'];
  holds<Same<Parameters<Quote>, [input: Seen]>>();
  holds<Same<ReturnType<Quote>, { rate: number } | Promise<{ rate: number }>>>();
  holds<Same<ReturnType<Handlers<Tax>['watch']>, AsyncIterable<number>>>();
});

test('handlers are typed where they are written', () => {
  serve(tax, {
    quote: ({ at, n }) => ({ rate: at.getTime() + n }),
    async *watch({ country }) {
      yield country.length;
    },
  });
  serve(tax, async (app) => {
    const other = app.client(tax);
    return {
      quote: async (input) => ({
        rate: Number((await other.quote({ country: input.country, at: '' })).rate),
      }),
      async *watch(input) {
        yield* other.watch(input);
      },
    };
  });
});

test('what does not fit the contract does not compile', () => {
  const watch = async function* () {
    yield 1;
  };
  // @ts-expect-error a procedure is missing
  serve(tax, { quote: () => ({ rate: 1 }) });
  // @ts-expect-error the output is not of the schema
  serve(tax, { quote: () => ({ rate: '1' }), watch });
  // @ts-expect-error a stream is not one answer
  serve(tax, { quote: () => ({ rate: 1 }), watch: () => 1 });
  // @ts-expect-error one answer is not a stream
  serve(tax, { quote: watch, watch });

  const uses = [
    // @ts-expect-error a field is missing
    (client: Client<Tax>) => client.quote({ country: 'FR' }),
    // @ts-expect-error a field is of another type
    (client: Client<Tax>) => client.quote({ country: 5, at: '' }),
    // @ts-expect-error there is no such procedure
    (client: Client<Tax>) => client.qoute({ country: 'FR', at: '' }),
    // @ts-expect-error a duration has a unit
    (client: Client<Tax>) => client.quote({ country: 'FR', at: '' }, { deadline: 'soon' }),
    // @ts-expect-error a stream is not awaited for one answer
    async (client: Client<Tax>): Promise<number> => client.watch({ country: 'FR' }),
  ];
  void uses;
});

test('a contract of known procedures is a contract', () => {
  const all: Contract[] = [tax];
  void all;
});

test('settings have the types of their schemas', () => {
  const schemas = {
    URL: z.url(),
    PORT: z.int().default(1),
    KEY: secret(),
    SPARE: secret({ optional: true }),
    WAIT: setting.duration({ default: '5s' }),
    LANE: setting.choice(['fast', 'safe']),
    MAYBE: setting.integer({ optional: true }),
  };
  type Values = SettingValues<typeof schemas>;
  holds<
    Same<
      Values,
      {
        readonly URL: string;
        readonly PORT: number;
        readonly KEY: Secret;
        readonly SPARE: Secret | undefined;
        readonly WAIT: number;
        readonly LANE: 'fast' | 'safe';
        readonly MAYBE: number | undefined;
      }
    >
  >();
});
