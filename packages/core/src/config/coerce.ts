/** Turns the text of a setting into the value that its schema means. Files, arguments and variables hold only
 * text, so the schema's JSON Schema says what else the text may stand for. */
import { type JsonSchema, typesOf } from '../json-schema.ts';

/** The readings of a text in the order to try them: as it stands where text is allowed, then as each other type
 * that the schema allows. Lists are JSON arrays, repeated arguments or words between commas. */
export function readings(texts: readonly string[], schema: JsonSchema): unknown[] {
  const types = typesOf(schema);
  const text = texts.at(-1)!;
  const found: unknown[] = types.length === 0 || types.includes('string') ? [text] : [];
  for (const type of types) {
    const value = type === 'array' ? listOf(texts, itemOf(schema)) : valueAs(text, type);
    if (value !== undefined) found.push(value);
  }
  // Nothing fits: let the schema say so of the text.
  return found.length > 0 ? found : [text];
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

function valueAs(text: string, type: string): unknown {
  switch (type) {
    case 'number':
    case 'integer': {
      const number = Number(text);
      return text.trim() !== '' && Number.isFinite(number) ? number : undefined;
    }
    case 'boolean':
      return Object.hasOwn(BOOLEANS, text.toLowerCase()) ? BOOLEANS[text.toLowerCase()] : undefined;
    case 'null':
      return text === 'null' ? null : undefined;
    case 'object':
      return parsed(text);
    default:
      return undefined;
  }
}

function listOf(texts: readonly string[], item: JsonSchema): unknown {
  const text = texts.at(-1)!;
  if (text.trimStart().startsWith('[')) return parsed(text);
  const words = texts.length > 1 ? texts : text.split(',').map((word) => word.trim());
  return words.filter((word) => word !== '').map((word) => readings([word], item)[0]);
}

function itemOf(schema: JsonSchema): JsonSchema {
  if (typeof schema.items === 'object') return schema.items;
  const branches = schema.anyOf ?? schema.oneOf ?? [];
  return branches.map(itemOf).find((item) => Object.keys(item).length > 0) ?? {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
