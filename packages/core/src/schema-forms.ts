/** Finding one's way in a JSON Schema: references followed, unions taken apart. */
import { type JsonSchema, typesOf } from './json-schema.ts';

/** A schema and the document that its references point into. */
export interface Located {
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
}

/** The only values it allows, as JSON; undefined when it does not list them. */
export function valuesOf(schema: JsonSchema): string[] | undefined {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value));
  return 'const' in schema ? [JSON.stringify(schema.const)] : undefined;
}

/** The forms that a value may have, each as a schema of its own; also those of `type: ["string", "null"]`. */
export function branchesOf(located: Located): Located[] {
  const { schema, root } = located;
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) return branches.flatMap((branch) => branchesOf(inside(located, branch)));
  if (typeof schema.type !== 'object') return [located];
  return schema.type.map((type) => ({ schema: { ...schema, type }, root }));
}

/** A form in words: its type, its values, or what tells it from the other forms of a union. */
export function formOf({ schema }: Located): string {
  const values = valuesOf(schema);
  if (values) return values.join(', ');
  const marks = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const [value] = valuesOf(field) ?? [];
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  const type = typesOf(schema).join(' or ') || 'anything';
  return marks.length > 0 ? `{ ${marks.join(', ')} }` : type;
}

/** A part of a schema, in the same document. */
export function inside(parent: Located, schema: JsonSchema): Located {
  return locate(schema, parent.root);
}

/** Follows references, which point to the root or to one of its definitions; what stands beside one is kept. */
export function locate(schema: JsonSchema, root: JsonSchema): Located {
  const { $ref, ...beside } = schema;
  if ($ref === undefined) return { schema, root };
  const key = $ref
    .replace(/^#(\/\$defs\/)?/, '')
    .replaceAll('~1', '/')
    .replaceAll('~0', '~');
  const target = key === '' ? root : (root.$defs?.[key] ?? {});
  return locate({ ...target, ...beside }, root);
}
