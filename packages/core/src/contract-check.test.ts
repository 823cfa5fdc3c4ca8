import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { contract, type ProcedureSpec } from './contract.ts';
import { changeLine, contractChanges, describeContract, type PublishedContract } from './contract-check.ts';

const none = z.object({});

function publish(specs: Record<string, ProcedureSpec>): PublishedContract {
  // As it comes back from its file.
  return JSON.parse(JSON.stringify(describeContract(contract('tax.v1', specs))));
}

/** The changes as lines, those that break marked with `!`. */
function changes(before: Record<string, ProcedureSpec>, after: Record<string, ProcedureSpec>): string[] {
  return contractChanges(publish(before), publish(after)).map(
    (change) => `${change.breaking ? '! ' : '  '}${changeLine(change)}`,
  );
}

/** What changes when the input, or the output, of `quote` becomes another. */
function changesOf(side: 'input' | 'output', before: z.ZodType, after: z.ZodType): string[] {
  const spec = (schema: z.ZodType): Record<string, ProcedureSpec> => ({
    quote: { input: none, output: none, [side]: schema },
  });
  return changes(spec(before), spec(after)).map((line) => line.replace(`tax.v1/quote ${side}: `, ''));
}

test('a contract that is as it was published has no changes', () => {
  const Money = z.object({ currency: z.enum(['EUR', 'USD']), minor: z.int() }).meta({ id: 'Money' });
  const specs = {
    quote: {
      input: z.object({
        a: Money,
        b: z.union([z.string(), z.null()]),
        c: z.record(z.string(), Money).optional(),
      }),
      output: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('a') }),
        z.object({ kind: z.literal('b') }),
      ]),
      errors: ['B', 'A'],
    },
    watch: { input: z.tuple([z.string(), z.number()]), output: z.array(Money), stream: true },
  };
  assert.deepEqual(changes(specs, specs), []);
});

test('procedures: removed, added, unary and stream, idempotent, GET, deadline, codes', () => {
  const plain = { input: none, output: none };
  assert.deepEqual(changes({ quote: plain }, {}), ['! tax.v1/quote: the procedure is removed']);
  assert.deepEqual(changes({}, { quote: plain }), ['  tax.v1/quote: the procedure is new']);
  assert.deepEqual(changes({ quote: plain }, { quote: { ...plain, stream: true } }), [
    '! tax.v1/quote: was unary and is now a stream',
    '  tax.v1/quote: has another deadline: 5000 ms before, none now',
  ]);
  assert.deepEqual(changes({ quote: { ...plain, get: true } }, { quote: plain }), [
    '! tax.v1/quote: is no longer idempotent, and callers repeat it',
    '! tax.v1/quote: no longer answers GET',
  ]);
  assert.deepEqual(changes({ quote: plain }, { quote: { ...plain, get: true } }), [
    '  tax.v1/quote: is now idempotent',
    '  tax.v1/quote: now answers GET',
  ]);
  assert.deepEqual(
    changes({ quote: { ...plain, errors: ['OLD'] } }, { quote: { ...plain, errors: ['NEW'] } }),
    [
      '  tax.v1/quote: may now fail with NEW, which callers do not know yet',
      '  tax.v1/quote: no longer fails with OLD',
    ],
  );
});

test('another version is not compared', () => {
  assert.throws(
    () => contractChanges({ name: 'tax.v1', procedures: {} }, { name: 'tax.v2', procedures: {} }),
    {
      code: 'INVALID_INPUT',
      message: 'tax.v2 cannot be compared with tax.v1: a new version starts anew',
    },
  );
});

/** [what happens, before, after, changes of an input, changes of an output] */
type Case = readonly [string, z.ZodType, z.ZodType, readonly string[], readonly string[]];

const object = (shape: Record<string, z.ZodType>) => z.object(shape);
const field = (schema: z.ZodType) => object({ a: schema });
const text = z.string();
const number = z.number();

const cases: readonly Case[] = [
  [
    'a field is added and required',
    none,
    field(text),
    ['! field `a` is new and required'],
    ['  field `a` is new'],
  ],
  [
    'a field is added and optional',
    none,
    field(text.optional()),
    ['  field `a` is new'],
    ['  field `a` is new'],
  ],
  [
    'a field is added with a default',
    none,
    field(text.default('x')),
    ['  field `a` is new'],
    ['  field `a` is new'],
  ],
  ['a field is removed', field(text), none, ['! field `a` is removed'], ['! field `a` is removed']],
  [
    'a field becomes required',
    field(text.optional()),
    field(text),
    ['! field `a` is now required'],
    ['  field `a` is now required'],
  ],
  [
    'a field becomes optional',
    field(text),
    field(text.optional()),
    ['  field `a` is now optional'],
    ['! field `a` is now optional'],
  ],
  [
    'a type changes',
    field(text),
    field(number),
    ['! field `a` was string and is now number'],
    ['! field `a` was string and is now number'],
  ],
  [
    'a field becomes nullable',
    field(text),
    field(text.nullable()),
    ['  field `a` now may be null'],
    ['! field `a` now may be null'],
  ],
  [
    'a field is no longer nullable',
    field(text.nullable()),
    field(text),
    ['! field `a` no longer may be null'],
    ['  field `a` no longer may be null'],
  ],
  [
    'a whole number becomes any number',
    field(z.int()),
    field(number),
    ['  field `a` now may be a fraction'],
    ['! field `a` now may be a fraction'],
  ],
  [
    'a number becomes a whole one',
    field(number),
    field(z.int()),
    ['! field `a` no longer may be a fraction'],
    ['  field `a` no longer may be a fraction'],
  ],
  [
    'an enum loses a value',
    field(z.enum(['x', 'y'])),
    field(z.enum(['x'])),
    ['! field `a` no longer may be "y"'],
    ['  field `a` no longer may be "y"'],
  ],
  [
    'an enum gains a value',
    field(z.enum(['x'])),
    field(z.enum(['x', 'y'])),
    ['  field `a` now may be "y"'],
    ['! field `a` now may be "y"'],
  ],
  [
    'a text becomes an enum',
    field(text),
    field(z.enum(['x'])),
    ['! field `a` now only may be "x"'],
    ['  field `a` now only may be "x"'],
  ],
  [
    'an enum becomes a text',
    field(z.literal('x')),
    field(text),
    ['  field `a` now may be other values than "x"'],
    ['! field `a` now may be other values than "x"'],
  ],
  [
    'a limit is narrowed',
    field(z.string().max(9)),
    field(z.string().max(5)),
    ['! field `a` has another maxLength: 9 before, 5 now'],
    ['  field `a` has another maxLength: 9 before, 5 now'],
  ],
  [
    'a limit is widened',
    field(number.min(1)),
    field(number.min(0)),
    ['  field `a` has another minimum: 1 before, 0 now'],
    ['! field `a` has another minimum: 1 before, 0 now'],
  ],
  [
    'a limit is added',
    field(z.array(text)),
    field(z.array(text).min(1)),
    ['! field `a` has another minItems: none before, 1 now'],
    ['  field `a` has another minItems: none before, 1 now'],
  ],
  [
    'a form is added',
    field(text),
    field(z.url()),
    ['! field `a` has another format: none before, "uri" now'],
    ['  field `a` has another format: none before, "uri" now'],
  ],
  [
    'a form is dropped',
    field(z.string().regex(/^x/)),
    field(text),
    ['  field `a` has another pattern: "^x" before, none now'],
    ['! field `a` has another pattern: "^x" before, none now'],
  ],
  [
    'something inside a list changes',
    field(z.array(field(text))),
    field(z.array(none)),
    ['! field `a[].a` is removed'],
    ['! field `a[].a` is removed'],
  ],
  [
    'something deep inside changes',
    object({ a: object({ b: object({ c: text.optional() }) }) }),
    object({ a: object({ b: object({ c: text }) }) }),
    ['! field `a.b.c` is now required'],
    ['  field `a.b.c` is now required'],
  ],
  [
    'a tuple gets longer',
    field(z.tuple([text])),
    field(z.tuple([text, text])),
    [
      '! field `a` has another minItems: 1 before, 2 now',
      '! field `a` had 1 places and has now 2',
      '  field `a` has another maxItems: 1 before, 2 now',
    ],
    [
      '! field `a` has another maxItems: 1 before, 2 now',
      '! field `a` had 1 places and has now 2',
      '  field `a` has another minItems: 1 before, 2 now',
    ],
  ],
  [
    'the values of a record change',
    field(z.record(text, number)),
    field(z.record(text, text)),
    ['! field `a.*` was number and is now string'],
    ['! field `a.*` was number and is now string'],
  ],
  [
    'an object refuses what it does not know',
    none,
    z.strictObject({}),
    ['! the value no longer takes fields that are not declared'],
    [],
  ],
  [
    'a form of a union is added',
    z.discriminatedUnion('k', [object({ k: z.literal('a') }) as never]),
    z.discriminatedUnion('k', [
      object({ k: z.literal('a') }) as never,
      object({ k: z.literal('b') }) as never,
    ]),
    ['  the value now may be { k: "b" }'],
    ['! the value now may be { k: "b" }'],
  ],
  [
    'a form of a union is removed',
    z.union([text, number, z.boolean()]),
    z.union([text, number]),
    ['! the value no longer may be boolean'],
    ['  the value no longer may be boolean'],
  ],
  [
    'a form of a union changes',
    z.union([object({ k: z.literal('a'), n: number }), object({ k: z.literal('b') })]),
    z.union([object({ k: z.literal('a'), n: text }), object({ k: z.literal('b') })]),
    ['! field `n` was number and is now string'],
    ['! field `n` was number and is now string'],
  ],
  [
    'both parts of an intersection are compared',
    z.intersection(field(text), object({ b: text })),
    z.intersection(field(text), none),
    ['! field `b` is removed'],
    ['! field `b` is removed'],
  ],
  [
    'a named schema changes',
    field(object({ b: text }).meta({ id: 'Before' })),
    field(object({ b: number }).meta({ id: 'After' })),
    ['! field `a.b` was string and is now number'],
    ['! field `a.b` was string and is now number'],
  ],
  [
    'a value is no longer described',
    field(text),
    field(z.any()),
    ['  field `a` was string and is now anything'],
    ['! field `a` was string and is now anything'],
  ],
];

for (const [what, before, after, ofInput, ofOutput] of cases) {
  test(`when ${what}, callers break only where they must`, () => {
    assert.deepEqual(changesOf('input', before, after), ofInput, 'input');
    assert.deepEqual(changesOf('output', before, after), ofOutput, 'output');
  });
}

test('another default of an input is told, because it changes what callers get', () => {
  assert.deepEqual(changesOf('input', field(text.default('x')), field(text.default('y'))), [
    '  field `a` has another default: "y"',
  ]);
});

test('recursive schemas are compared to their end', () => {
  interface Tree {
    readonly leaf?: string;
    readonly trees: Tree[];
  }
  const tree = (leaf: z.ZodType): z.ZodType => {
    const Tree: z.ZodType<Tree> = z.object({
      leaf: leaf as z.ZodType<string>,
      get trees() {
        return z.array(Tree);
      },
    });
    return Tree;
  };
  assert.deepEqual(changesOf('input', tree(text), tree(text)), []);
  assert.ok(changesOf('input', tree(text.optional()), tree(text)).includes('! field `leaf` is now required'));
});
