/** The JSON Schema of a schema, by Standard JSON Schema (https://standardschema.dev/json-schema): what a program
 * needs to know of it besides whether a value passes. Zod 4.2 and later, ArkType and Valibot's
 * `toStandardJsonSchema` have it. Settings, OpenAPI and the contract check read it. */
import type { Schema } from './schema.ts';

/** The keywords of JSON Schema 2020-12 that the platform reads. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** What the schema takes (`input`) or makes (`output`), as draft 2020-12. The empty schema, which says nothing,
 * when its library cannot tell or when a part has no form in JSON. */
export function jsonSchemaOf(schema: Schema, side: 'input' | 'output'): JsonSchema {
  const standard = schema['~standard'] as JsonSchemaProps;
  try {
    const { $schema: _, ...json } =
      standard.jsonSchema?.[side]({
        target: 'draft-2020-12',
        // Zod prints what it can and `{}` for the part that it cannot, rather than nothing at all.
        libraryOptions: { unrepresentable: 'any' },
      }) ?? {};
    return json;
  } catch {
    return {};
  }
}

interface JsonSchemaProps {
  readonly jsonSchema?: Readonly<
    Record<
      'input' | 'output',
      (options: { target: string; libraryOptions: Record<string, unknown> }) => Record<string, unknown>
    >
  >;
}

/** The types it allows; empty when it allows any. Follows `anyOf`, `oneOf`, `const` and `enum`. */
export function typesOf(schema: JsonSchema): readonly string[] {
  if (schema.type !== undefined) return typeof schema.type === 'string' ? [schema.type] : schema.type;
  if (schema.enum) return [...new Set(schema.enum.map(typeOfValue))];
  if ('const' in schema) return [typeOfValue(schema.const)];
  const branches = schema.anyOf ?? schema.oneOf;
  if (!branches) return [];
  const types = branches.map(typesOf);
  return types.some((some) => some.length === 0) ? [] : [...new Set(types.flat())];
}

function typeOfValue(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
