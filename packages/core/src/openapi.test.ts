import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { z } from 'zod';
import { contract } from './contract.ts';
import { type OpenApiDocument, type OpenApiOptions, openApiOf } from './openapi.ts';

const Money = z.object({ currency: z.string().length(3), minor: z.int() }).meta({ id: 'Money' });

interface Category {
  readonly name: string;
  readonly children: Category[];
}
const Category: z.ZodType<Category> = z.object({
  name: z.string(),
  get children() {
    return z.array(Category);
  },
});

const tax = contract('tax.v1', {
  quote: {
    input: z.object({ country: z.string().length(2), amount: Money }),
    output: z.object({ tax: Money, rate: z.number() }),
    get: true,
    deadline: '300ms',
    errors: ['UNKNOWN_COUNTRY', 'NOT_FOUND'],
    summary: 'What tax is due',
  },
  categories: { input: z.object({}), output: Category },
  watch: {
    input: z.object({ country: z.string() }),
    output: Money,
    stream: true,
    errors: ['UNKNOWN_COUNTRY'],
  },
});

/** The document, once an independent validator agrees that it is one and that every reference leads somewhere. */
async function valid(...args: Parameters<typeof openApiOf>): Promise<OpenApiDocument> {
  const document = openApiOf(...args);
  const validator = new Validator();
  const result = await validator.validate(JSON.parse(JSON.stringify(document)));
  assert.ok(result.valid, JSON.stringify(result.errors, null, 2));
  assert.equal(validator.version, '3.1');
  for (const [, path] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = path!
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document);
    assert.ok(found, `${path} leads nowhere`);
  }
  return document;
}

/** A value inside the document, by its path. */
function at(document: OpenApiDocument, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)?.[key], document);
}

test('a contract is a valid OpenAPI 3.1 document with one path per procedure', async () => {
  const options: OpenApiOptions = { title: 'Taxes', version: '1.2.3', servers: ['http://localhost:8080'] };
  const document = await valid(tax, options);
  assert.deepEqual(document.info, { title: 'Taxes', version: '1.2.3' });
  assert.deepEqual(document.servers, [{ url: 'http://localhost:8080' }]);
  assert.deepEqual(Object.keys(document.paths), ['/tax.v1/quote', '/tax.v1/categories', '/tax.v1/watch']);
  assert.deepEqual(Object.keys(document.paths['/tax.v1/quote']!), ['get', 'post']);
  assert.deepEqual(Object.keys(document.paths['/tax.v1/watch']!), ['post']);
  assert.equal(at(document, 'paths', '/tax.v1/quote', 'post', 'summary'), 'What tax is due');
});

test('inputs and outputs are described by their schemas, with shared ones by name', async () => {
  const document = await valid(tax);
  const schemas = at(document, 'components', 'schemas') as Record<string, unknown>;
  assert.deepEqual(
    at(document, 'paths', '/tax.v1/quote', 'post', 'requestBody', 'content', 'application/json', 'schema'),
    { $ref: '#/components/schemas/tax.v1.quote.input' },
  );
  assert.deepEqual(at(document, 'components', 'schemas', 'tax.v1.quote.input', 'properties', 'amount'), {
    $ref: '#/components/schemas/Money',
  });
  assert.deepEqual((schemas.Money as { required: string[] }).required, ['currency', 'minor']);
  assert.deepEqual(
    at(document, 'components', 'schemas', 'tax.v1.categories.output', 'properties', 'children', 'items'),
    {
      $ref: '#/components/schemas/tax.v1.categories.output',
    },
  );
});

test('declared codes and those of the platform stand at their HTTP status', async () => {
  const document = await valid(tax);
  const responses = at(document, 'paths', '/tax.v1/quote', 'post', 'responses') as Record<
    string,
    { description: string }
  >;
  const statuses = [
    '200',
    '400',
    '401',
    '403',
    '404',
    '413',
    '415',
    '422',
    '429',
    '500',
    '503',
    '504',
    'default',
  ];
  assert.deepEqual(Object.keys(responses), statuses);
  assert.equal(responses[422]!.description, '- `UNKNOWN_COUNTRY`');
  assert.match(responses[400]!.description, /- `INVALID_INPUT`: the input does not match/);
});

test('a procedure that only reads can be called by GET, with the input in the query', async () => {
  const document = await valid(tax);
  const parameters = at(document, 'paths', '/tax.v1/quote', 'get', 'parameters') as { name: string }[];
  assert.deepEqual(
    parameters.map(({ name }) => name),
    ['connect', 'encoding', 'message', 'base64', 'Connect-Timeout-Ms'],
  );
});

test('a stream is described as envelopes', async () => {
  const document = await valid(tax);
  const post = at(document, 'paths', '/tax.v1/watch', 'post');
  const { requestBody, responses } = post as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(requestBody!.content as object), ['application/connect+json']);
  assert.deepEqual(Object.keys(responses!), ['200']);
  const { description, content } = responses![200] as { description: string; content: object };
  assert.deepEqual(Object.keys(content), ['application/connect+json']);
  assert.match(description, /`UNKNOWN_COUNTRY`/);
});

test('several contracts make one document, and the same name for different schemas is kept apart', async () => {
  const other = z.object({ amount: z.string() }).meta({ id: 'Money' });
  const refunds = contract('refunds.v2', { list: { input: z.object({}), output: z.array(other) } });
  const document = await valid([tax, refunds]);
  assert.deepEqual(document.info, { title: 'tax.v1, refunds.v2', version: 'v1' });
  assert.deepEqual(at(document, 'components', 'schemas', 'refunds.v2.list.output', 'items'), {
    $ref: '#/components/schemas/refunds.v2.list.output.Money',
  });
  assert.ok(at(document, 'components', 'schemas', 'Money', 'properties', 'minor'));
});

test('what has no form in JSON Schema is described as anything', async () => {
  const odd = contract('odd.v1', {
    when: {
      input: z.object({ at: z.date(), n: z.number() }),
      output: z.string().transform((text) => text.length),
    },
  });
  const document = await valid(odd);
  assert.deepEqual(at(document, 'components', 'schemas', 'odd.v1.when.input', 'properties'), {
    at: {},
    n: { type: 'number' },
  });
  assert.deepEqual(at(document, 'components', 'schemas', 'odd.v1.when.output'), {});
});
