import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { contract } from './contract.ts';

const plain = { input: z.object({}), output: z.object({}) };

test('a contract fills in what its author left out', () => {
  const tax = contract('tax.v1', {
    quote: { ...plain, get: true, deadline: '300ms', errors: ['UNKNOWN_COUNTRY'], summary: 'Quotes.' },
    watch: { ...plain, stream: true },
    save: plain,
  });
  assert.deepEqual([tax.name, tax.service, tax.version], ['tax.v1', 'tax', 'v1']);
  assert.deepEqual(
    { ...tax.procedures.quote },
    {
      contract: 'tax.v1',
      name: 'quote',
      path: '/tax.v1/quote',
      input: plain.input,
      output: plain.output,
      idempotent: true,
      get: true,
      stream: false,
      deadlineMs: 300,
      errors: ['UNKNOWN_COUNTRY'],
      summary: 'Quotes.',
    },
  );
  assert.equal(tax.procedures.watch.deadlineMs, Number.POSITIVE_INFINITY);
  const { idempotent, get, stream, deadlineMs, errors } = tax.procedures.save;
  assert.deepEqual([idempotent, get, stream, deadlineMs, errors], [false, false, false, 5_000, []]);
});

test('what is not of the form is refused when the contract is made, with what would be right', () => {
  const refused = (name: string, specs: Record<string, object>, message: RegExp) =>
    assert.throws(() => contract(name, specs as never), { code: 'INVALID_INPUT', message });
  for (const name of ['tax', 'Tax.v1', 'tax.1', 'tax.v1.2', 'tax.v', '.v1', 'tax/v1'])
    refused(name, {}, /such as tax\.v1/);
  for (const name of ['Quote', 'get-quote', '1st', '', 'then', '__proto__x'])
    refused('tax.v1', { [name]: plain }, /is not a procedure name/);
  refused('tax.v1', { quote: { ...plain, deadline: 'soon' } }, /"soon" is not a duration/);
  refused(
    'tax.v1',
    { quote: { ...plain, errors: ['not-found'] } },
    /"not-found" of tax\.v1\/quote is not an error code/,
  );
  refused(
    'tax.v1',
    { quote: { ...plain, get: true, stream: true } },
    /cannot be a stream and be called by GET/,
  );
});

test('a name that every object has is not a procedure', () => {
  const procedures: Readonly<Record<string, unknown>> = contract('tax.v1', { quote: plain }).procedures;
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty'])
    assert.equal(procedures[name], undefined);
});
