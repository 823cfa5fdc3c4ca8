/** The schemas of an OpenAPI document: each has a name of its own under `components`, and so has each definition
 * that it brings along. References are rewritten, because in OpenAPI they begin at the whole document. */
import type { JsonSchema } from './json-schema.ts';

const FOLDER = '#/components/schemas/';

export interface SchemaComponents {
  /** Adds a schema and answers a reference to it. */
  add(name: string, schema: JsonSchema): { readonly $ref: string };
  /** Everything that was added, by name. */
  readonly all: Readonly<Record<string, JsonSchema>>;
}

export function schemaComponents(): SchemaComponents {
  const all: Record<string, JsonSchema> = {};
  /** As they came, to see which are the same. */
  const originals = new Map<string, string>();

  /** Definitions keep their names, so that contracts share them, unless one of them means something else elsewhere. */
  function nameDefinitions(owner: string, definitions: [string, JsonSchema][]): Map<string, string> {
    const plain = (key: string): string => key.replaceAll(/[^\w.-]/g, '_');
    const shared = definitions.every(([key, schema]) => {
      const original = originals.get(plain(key));
      return original === undefined ? !Object.hasOwn(all, plain(key)) : original === JSON.stringify(schema);
    });
    return new Map(definitions.map(([key]) => [key, shared ? plain(key) : `${owner}.${plain(key)}`]));
  }

  return {
    all,
    add(name, schema) {
      const { $defs = {}, ...root } = schema;
      const definitions = Object.entries($defs);
      const names = nameDefinitions(name, definitions);
      const target = (reference: string): string => {
        const key = reference
          .replace(/^#(\/\$defs\/)?/, '')
          .replaceAll('~1', '/')
          .replaceAll('~0', '~');
        return `${FOLDER}${names.get(key) ?? name}`;
      };
      for (const [key, definition] of definitions) {
        const component = names.get(key)!;
        originals.set(component, JSON.stringify(definition));
        all[component] = rewrite(definition, target) as JsonSchema;
      }
      all[name] = rewrite(root, target) as JsonSchema;
      return { $ref: `${FOLDER}${name}` };
    },
  };
}

function rewrite(value: unknown, target: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, target));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? target(inner) : rewrite(inner, target),
    ]),
  );
}
