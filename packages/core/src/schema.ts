/** Schemas are any that follow Standard Schema (https://standardschema.dev): zod, valibot, typebox, arktype.
 * Those that also follow Standard JSON Schema (zod 4 does) can be printed as OpenAPI. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { GoblinError } from './errors.ts';

export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;
export type SchemaInput<S extends Schema> = StandardSchemaV1.InferInput<S>;
export type SchemaOutput<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/** One thing wrong with a value: where (`amount.minor`, empty for the value itself) and what. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** What the schema makes of a value, or the list of problems. Synchronous schemas answer without a promise. */
export function check<S extends Schema>(
  schema: S,
  value: unknown,
): Checked<SchemaOutput<S>> | Promise<Checked<SchemaOutput<S>>> {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then(checked<SchemaOutput<S>>) : checked<SchemaOutput<S>>(result);
}

export type Checked<T> =
  | { readonly value: T; readonly problems?: undefined }
  | { readonly problems: readonly Problem[] };

function checked<T>(result: StandardSchemaV1.Result<unknown>): Checked<T> {
  if (!result.issues) return result as { value: T };
  return {
    problems: result.issues.map((issue) => ({
      path: (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.'),
      message: issue.message,
    })),
  };
}

/** Like `check`, but problems become an error of the given code whose data lists them. */
export function parse<S extends Schema>(
  schema: S,
  value: unknown,
  code: 'INVALID_INPUT' | 'INTERNAL',
  what: string,
): SchemaOutput<S> | Promise<SchemaOutput<S>> {
  const result = check(schema, value);
  return result instanceof Promise ? result.then((r) => accept(r, code, what)) : accept(result, code, what);
}

/** The value, or an error of the given code whose data lists the problems. */
export function accept<T>(result: Checked<T>, code: 'INVALID_INPUT' | 'INTERNAL', what: string): T {
  if (!result.problems) return result.value;
  const list = result.problems.map((p) => (p.path ? `${p.path}: ${p.message}` : p.message)).join('; ');
  throw new GoblinError(code, {
    message: `${what} is not valid: ${list}`,
    data: { problems: result.problems },
  });
}
