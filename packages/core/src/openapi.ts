/** Contracts as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), for programs that are not
 * TypeScript and for people. It describes what the HTTP door speaks: the Connect protocol in JSON
 * (https://connectrpc.com/docs/protocol). */
import type { Contract, Procedure } from './contract.ts';
import { type ConnectCode, type ErrorCode, errorEntry, errorRegistry } from './errors.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { type SchemaComponents, schemaComponents } from './openapi-components.ts';

export interface OpenApiOptions {
  /** Default: the names of the contracts. */
  readonly title?: string;
  /** Of the document. Default: the version of the first contract. */
  readonly version?: string;
  /** Base URLs under which the procedures are reached. */
  readonly servers?: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: Json;
  readonly servers?: readonly Json[];
  readonly tags: readonly Json[];
  readonly paths: Readonly<Record<string, Json>>;
  readonly components: Json;
}

const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'application/connect+json';

/** What a call may be answered with whatever it does; a handler may use the platform's other codes as well. */
const COMMON_CODES: readonly ErrorCode[] = [
  'INVALID_INPUT',
  'MALFORMED_REQUEST',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RESOURCE_EXHAUSTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
];

/** The document of one contract or of several together. A part of a schema that has no form in JSON Schema is
 * described as anything. */
export function openApiOf(
  contracts: Contract | readonly Contract[],
  options: OpenApiOptions = {},
): OpenApiDocument {
  const all = [contracts].flat() as Contract[];
  const components = schemaComponents();
  const error = components.add('Error', ERROR_SCHEMA);
  const paths: Record<string, Json> = {};
  for (const contract of all) {
    for (const procedure of Object.values<Procedure>(contract.procedures))
      paths[procedure.path] = pathItem(procedure, components, error);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: options.title ?? all.map((contract) => contract.name).join(', '),
      version: options.version ?? all[0]?.version ?? 'v1',
    },
    ...(options.servers && { servers: options.servers.map((url) => ({ url })) }),
    tags: all.map((contract) => ({ name: contract.name })),
    paths,
    components: {
      schemas: components.all,
      responses: { Error: errorResponse('Any other error; `details` holds its code.', error) },
    },
  };
}

function pathItem(procedure: Procedure, components: SchemaComponents, error: Json): Json {
  const name = `${procedure.contract}.${procedure.name}`;
  const input = components.add(`${name}.input`, jsonSchemaOf(procedure.input, 'input'));
  const output = components.add(`${name}.output`, jsonSchemaOf(procedure.output, 'output'));
  const shared = {
    ...(procedure.summary && { summary: procedure.summary }),
    tags: [procedure.contract],
  };
  const content = { [procedure.stream ? STREAM_TYPE : JSON_TYPE]: { schema: input } };
  const responses = procedure.stream
    ? streamResponses(procedure, output)
    : unaryResponses(procedure, output, error);
  return {
    ...(procedure.get && {
      get: {
        ...shared,
        operationId: `${name}.get`,
        parameters: [...queryParameters(input), TIMEOUT],
        responses,
      },
    }),
    post: {
      ...shared,
      operationId: name,
      description: descriptionOf(procedure),
      parameters: [PROTOCOL_VERSION, TIMEOUT],
      requestBody: { required: true, content },
      responses,
    },
  };
}

function descriptionOf(procedure: Procedure): string {
  const repeat = procedure.idempotent ? 'Idempotent: may be repeated.' : 'Not idempotent.';
  return procedure.deadlineMs === Number.POSITIVE_INFINITY
    ? repeat
    : `${repeat} Answers within ${procedure.deadlineMs} ms unless the caller says otherwise.`;
}

function unaryResponses(procedure: Procedure, output: Json, error: Json): Json {
  const responses: Record<string, Json> = {
    200: { description: 'The output.', content: { [JSON_TYPE]: { schema: output } } },
  };
  const codes = new Set<string>([...procedure.errors, ...COMMON_CODES]);
  const byStatus = Map.groupBy(codes, (code) => errorEntry(code).status);
  for (const [status, some] of [...byStatus].sort(([a], [b]) => a - b))
    responses[status] = errorResponse(some.map(codeLine).join('\n'), error);
  responses.default = { $ref: '#/components/responses/Error' };
  return responses;
}

/** A stream begins with 200 whatever comes; its errors are in its last envelope. */
function streamResponses(procedure: Procedure, output: Json): Json {
  const codes = new Set<string>([...procedure.errors, ...COMMON_CODES]);
  const description = [
    'A stream of envelopes: one byte of flags, four bytes of length (big-endian), and JSON. Each holds one output;',
    'the last (flag 2) holds `{}` or `{ "error": … }` with one of these codes:\n',
    ...[...codes].map(codeLine),
  ].join('\n');
  return { 200: { description, content: { [STREAM_TYPE]: { schema: output } } } };
}

function codeLine(code: string): string {
  return Object.hasOwn(errorRegistry, code) ? `- \`${code}\`: ${errorEntry(code).meaning}` : `- \`${code}\``;
}

function errorResponse(description: string, error: Json): Json {
  return { description, content: { [JSON_TYPE]: { schema: error } } };
}

const PROTOCOL_VERSION: Json = {
  name: 'Connect-Protocol-Version',
  in: 'header',
  schema: { const: '1' },
};

const TIMEOUT: Json = {
  name: 'Connect-Timeout-Ms',
  in: 'header',
  description: 'How long the caller waits, in milliseconds.',
  schema: { type: 'string', pattern: '^[0-9]{1,10}$' },
};

/** The GET form of Connect: the input as JSON in the query. */
function queryParameters(input: Json): Json[] {
  return [
    { name: 'connect', in: 'query', schema: { const: 'v1' } },
    { name: 'encoding', in: 'query', required: true, schema: { const: 'json' } },
    {
      name: 'message',
      in: 'query',
      required: true,
      description: 'The input as JSON, or in base64url when `base64` is 1.',
      content: { [JSON_TYPE]: { schema: input } },
    },
    { name: 'base64', in: 'query', schema: { const: '1' } },
  ];
}

const CONNECT_CODES: readonly ConnectCode[] = [
  ...new Set(Object.values(errorRegistry).map((entry) => entry.connect)),
].sort();

/** The error body of Connect, with the platform's own error among its details. */
const ERROR_SCHEMA: Json = {
  type: 'object',
  required: ['code', 'message'],
  properties: {
    code: { type: 'string', enum: CONNECT_CODES },
    message: { type: 'string', description: 'For people.' },
    details: {
      type: 'array',
      items: {
        type: 'object',
        required: ['type', 'value'],
        properties: {
          type: { type: 'string', description: '`goblin.Error` for the one that `debug` shows.' },
          value: { type: 'string', contentEncoding: 'base64', description: 'The JSON of `debug`.' },
          debug: {
            type: 'object',
            required: ['code', 'message'],
            properties: {
              code: { type: 'string', description: 'The code of the contract or of the platform.' },
              message: { type: 'string' },
              data: { type: 'object', description: 'For programs.' },
            },
          },
        },
      },
    },
  },
};
