import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { check, parse, type Schema } from './schema.ts';

const Money = z.object({ currency: z.string().length(3), minor: z.int() });

test('a value that fits is answered as the schema makes it, without a promise', () => {
  assert.deepEqual(check(Money, { currency: 'EUR', minor: 1, more: true }), {
    value: { currency: 'EUR', minor: 1 },
  });
  assert.deepEqual(parse(z.string().default('x'), undefined, 'INVALID_INPUT', 'the input'), 'x');
});

test('each problem says where and what', () => {
  const list = z.object({ list: z.array(Money) });
  const checked = check(list, { list: [{ currency: 'EURO', minor: 1.5 }] });
  assert.ok(!(checked instanceof Promise));
  assert.deepEqual(
    checked.problems?.map(({ path }) => path),
    ['list.0.currency', 'list.0.minor'],
  );
});

test('problems become an error of the given code that lists them in words and as data', () => {
  assert.throws(
    () => parse(Money, { currency: 'EUR', minor: 'x' }, 'INVALID_INPUT', 'the input of /tax.v1/quote'),
    (error: { code: string; message: string; data: { problems: { path: string }[] } }) => {
      assert.equal(error.code, 'INVALID_INPUT');
      assert.match(error.message, /^the input of \/tax\.v1\/quote is not valid: minor: /);
      assert.equal(error.data.problems[0]!.path, 'minor');
      return true;
    },
  );
  assert.throws(() => parse(z.string(), 5, 'INTERNAL', 'it'), {
    code: 'INTERNAL',
    message: /^it is not valid: [^:]+:? /,
  });
});

test('a schema that answers later gives a promise of the same', async () => {
  const free = z.string().refine(async (name) => name !== 'taken', 'is taken');
  assert.equal(await parse(free, 'free', 'INVALID_INPUT', 'the name'), 'free');
  await assert.rejects(async () => parse(free, 'taken', 'INVALID_INPUT', 'the name'), {
    code: 'INVALID_INPUT',
    message: 'the name is not valid: is taken',
  });
});

test('path segments may be keys or objects that hold one', () => {
  const schema: Schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: () => ({ issues: [{ message: 'no', path: ['a', { key: 0 }, { key: Symbol('s') }] }] }),
    },
  };
  assert.deepEqual(check(schema, 1), { problems: [{ path: 'a.0.Symbol(s)', message: 'no' }] });
});
