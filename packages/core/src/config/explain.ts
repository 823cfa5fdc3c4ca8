/** Says in words what is wrong with the text of a setting and what would be right, as far as the schema's JSON
 * Schema tells; the sentence begins with the setting's name. */
import { type JsonSchema, typesOf } from '../json-schema.ts';
import { closest } from '../suggest.ts';

const FORMATS: Readonly<Record<string, string>> = {
  uri: 'a URL',
  email: 'an e-mail address',
  uuid: 'a UUID',
  hostname: 'a host name',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  date: 'a date such as 2026-01-31',
  'date-time': 'a time such as 2026-01-31T12:00:00Z',
  'goblin-duration': 'a duration such as 250ms, 5s, 10m or 2h',
  'goblin-size': 'a size such as 512b, 64kb or 1mb',
};
const TYPES: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list: write a,b or a JSON array',
  object: 'a JSON object',
};

/** What the setting takes, for `--help` and for "set it to …": `a URL`, `a whole number from 1 to 65535`. */
export function wanted(schema: JsonSchema): string {
  const choices = choicesOf(schema);
  if (choices) return choices.length === 1 ? `${choices[0]}` : `one of ${choices.join(', ')}`;
  const types = typesOf(schema).filter((type) => type !== 'null');
  if (types.length !== 1) return 'a text';
  const [type] = types;
  if (type === 'string') return FORMATS[schema.format ?? ''] ?? 'a text';
  const { minimum, maximum } = boundsOf(schema);
  const noun = TYPES[type!] ?? 'a text';
  if (minimum !== undefined && maximum !== undefined) return `${noun} from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${noun} of at least ${minimum}`;
  return maximum === undefined ? noun : `${noun} of at most ${maximum}`;
}

/** Undefined when the JSON Schema does not show the fault: then the schema's own message must do. */
export function explain(text: string, schema: JsonSchema): string | undefined {
  const choices = choicesOf(schema);
  if (choices) {
    if (choices.includes(text)) return undefined;
    const meant = closest(text, choices);
    return `is not ${wanted(schema)}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
  }
  const types = typesOf(schema).filter((type) => type !== 'null');
  if (types.length !== 1) return undefined;
  return types[0] === 'string' ? explainText(text, schema) : explainValue(text, types[0]!, schema);
}

function explainText(text: string, schema: JsonSchema): string | undefined {
  const {
    minLength,
    maxLength,
    format = '',
  } = schema as { minLength?: number; maxLength?: number; format?: string };
  if (text === '') return 'is empty';
  if (minLength !== undefined && text.length < minLength) return `is shorter than ${minLength} characters`;
  if (maxLength !== undefined && text.length > maxLength) return `is longer than ${maxLength} characters`;
  if (format === 'uri') {
    if (URL.canParse(text)) return undefined;
    const meant = URL.canParse(`https://${text}`) ? `https://${text}` : 'https://example.com';
    return `is not a URL (try ${meant})`;
  }
  return Object.hasOwn(FORMATS, format) ? `is not ${FORMATS[format]}` : undefined;
}

function explainValue(text: string, type: string, schema: JsonSchema): string | undefined {
  if (type !== 'integer' && type !== 'number')
    return Object.hasOwn(TYPES, type) ? `is not ${TYPES[type]}` : undefined;
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || (type === 'integer' && !Number.isInteger(number)))
    return `is not ${wanted(schema)}`;
  const { minimum, maximum } = boundsOf(schema);
  if (minimum !== undefined && number < minimum) return `is less than ${minimum}`;
  if (maximum !== undefined && number > maximum) return `is more than ${maximum}`;
  return undefined;
}

/** Schemas of whole numbers name the safe integers as their bounds, which says nothing to a person. */
function boundsOf(schema: JsonSchema): { minimum?: number; maximum?: number } {
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
  return {
    ...(minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER && { minimum }),
    ...(maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && { maximum }),
  };
}

function choicesOf(schema: JsonSchema): string[] | undefined {
  if (schema.enum) return schema.enum.map(String);
  return 'const' in schema ? [String(schema.const)] : undefined;
}
