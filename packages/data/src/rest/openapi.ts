/** The served tables as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1). */
import type { JsonSchema, OpenApiDocument } from '@goblin/core';
import type { Catalog, Column, Table } from './catalog.ts';
import { COMPARISONS } from './query.ts';

type Json = Readonly<Record<string, unknown>>;

export function openApiOfTables(
  { schema, tables }: Catalog,
  prefix: string,
  maxRows: number,
): OpenApiDocument {
  const all = [...tables.values()];
  return {
    openapi: '3.1.1',
    info: {
      title: `Tables of ${schema}`,
      version: 'v1',
      description: `Rows in the language of PostgREST (https://docs.postgrest.org/en/stable/references/api.html), at most ${maxRows} at once.`,
    },
    tags: all.map(({ name, comment }) => ({ name, ...(comment && { description: comment }) })),
    paths: Object.fromEntries(
      all.map((table) => [`${prefix}/${encodeURIComponent(table.name)}`, pathOf(table)]),
    ),
    components: {
      schemas: { ...Object.fromEntries(all.map((table) => [keyOf(table), schemaOf(table)])), Error: ERROR },
      responses: {
        Error: {
          description: 'What was wrong.',
          content: { 'application/problem+json': { schema: ERROR_REF } },
        },
      },
    },
  };
}

/** Names of components have few characters. */
function keyOf({ name }: Table): string {
  return name.replaceAll(/[^\w.-]/g, '_');
}

function pathOf(table: Table): Json {
  const { name, columns, insertable, updatable } = table;
  const row = { $ref: `#/components/schemas/${keyOf(table)}` };
  const filters = [...columns.values()].map((column) => filterOf(column));
  const list = { type: 'array', items: row };
  const rows = {
    description: 'The rows.',
    content: { 'application/json': { schema: list }, 'text/csv': { schema: { type: 'string' } } },
  };
  const operation = (
    what: string,
    parameters: readonly Json[],
    responses: Json,
    body?: JsonSchema,
  ): Json => ({
    operationId: `${what}.${name}`,
    tags: [name],
    parameters,
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...responses, default: { $ref: '#/components/responses/Error' } },
  });
  return {
    get: operation('read', [...filters, ...PAGING, PREFER], { 200: rows, 206: rows }),
    ...(insertable && {
      post: operation('insert', [ON_CONFLICT, PREFER], { 201: rows }, { anyOf: [row, list] }),
    }),
    ...(updatable && {
      patch: operation('update', [...filters, PREFER], { 200: rows, 204: CHANGED }, row),
      delete: operation('delete', [...filters, PREFER], { 200: rows, 204: CHANGED }),
    }),
  };
}

function schemaOf({ columns, comment }: Table): JsonSchema {
  const properties = Object.fromEntries(
    [...columns.values()].map((column) => [column.name, columnSchema(column)]),
  );
  return { type: 'object', ...(comment && { description: comment }), properties };
}

function columnSchema({ anyType, values, comment, nullable, nature, writable }: Column): JsonSchema {
  const schema =
    nature === 'array'
      ? { type: 'array' }
      : (TYPES[anyType] ?? (nature === 'json' ? {} : { type: 'string' }));
  const { type } = schema;
  return {
    ...schema,
    ...(nullable && type !== undefined && { type: [type as string, 'null'] }),
    ...(values && { enum: nullable ? [...values, null] : values }),
    ...(!schema.format && type === 'string' && !values && { format: anyType }),
    ...(comment && { description: comment }),
    ...(!writable && { readOnly: true }),
  };
}

const TYPES: Readonly<Record<string, JsonSchema>> = {
  smallint: { type: 'integer', format: 'int16' },
  integer: { type: 'integer', format: 'int32' },
  bigint: { type: 'integer', format: 'int64' },
  real: { type: 'number', format: 'float' },
  'double precision': { type: 'number', format: 'double' },
  numeric: { type: 'number' },
  boolean: { type: 'boolean' },
  date: { type: 'string', format: 'date' },
  'timestamp with time zone': { type: 'string', format: 'date-time' },
  uuid: { type: 'string', format: 'uuid' },
};

function filterOf({ name }: Column): Json {
  return { name, in: 'query', description: FILTER, schema: { type: 'string' } };
}

const FILTER = `\`operator.value\`, such as \`eq.7\`; operators: ${COMPARISONS.join(', ')}, in, is; \`not.\` before it negates.`;

function parameter(name: string, description: string, type = 'string'): Json {
  return { name, in: 'query', description, schema: { type } };
}

const PAGING: readonly Json[] = [
  parameter('select', 'Columns and related tables: `id,total:amount,customer(name)`.'),
  parameter('order', '`created_at.desc.nullslast,id`'),
  parameter('limit', 'Rows at most.', 'integer'),
  parameter('offset', 'Rows to pass over.', 'integer'),
  parameter('or', '`(a.eq.1,b.is.null)`'),
  parameter('and', '`(a.eq.1,b.is.null)`'),
];
const ON_CONFLICT = parameter('on_conflict', 'Columns of the unique rule by which rows are the same.');
const PREFER: Json = {
  name: 'Prefer',
  in: 'header',
  description: '`return=representation`, `count=exact`, `resolution=merge-duplicates`, `missing=default` …',
  schema: { type: 'string' },
};
const CHANGED: Json = { description: 'It was changed.' };

const ERROR_REF: Json = { $ref: '#/components/schemas/Error' };
const ERROR: JsonSchema = {
  type: 'object',
  properties: {
    code: { type: 'string', description: 'PostgREST’s code, or an SQLSTATE.' },
    message: { type: 'string' },
    details: { type: ['string', 'null'] },
    hint: { type: ['string', 'null'] },
    type: { type: 'string' },
    title: { type: 'string', description: 'The platform’s code.' },
    status: { type: 'integer' },
    detail: { type: 'string' },
  },
};
