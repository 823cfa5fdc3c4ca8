/** The fields within a line's text, as Loki's parsers name them: objects are flattened with `_`, and what may not be in a name becomes
 * `_`. A field that is called as something of the line's own (`level`) becomes `level_extracted`. */
import type { Labels } from '../../model.ts';
import { OWN_LABELS } from './line-labels.ts';

const MAX_FIELDS = 128;
const MAX_DEPTH = 8;
const MAX_VALUE_LENGTH: number = 16 * 1_024;
/** What a line has that could not be read. */
const FAULT = '__error__';
const PAIR = /([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*)))?/gy;
const BETWEEN = /[\s"]*/y;

export function fieldsOf(format: 'json' | 'logfmt', body: string): Labels {
  const fields = new Fields();
  if (format === 'logfmt') readLogfmt(body, fields);
  else readJson(body, fields);
  return fields.labels;
}

class Fields {
  readonly labels: Record<string, string> = {};
  #count = 0;

  add(name: string, value: string): void {
    const plain = name.replace(/\W/g, '_');
    if (plain === '' || plain === '__proto__' || this.#count >= MAX_FIELDS) return;
    this.#count++;
    this.labels[OWN_LABELS.has(plain) ? `${plain}_extracted` : plain] = value.slice(0, MAX_VALUE_LENGTH);
  }

  fail(kind: string): void {
    this.labels[FAULT] = kind;
  }
}

function readJson(body: string, fields: Fields): void {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return fields.fail('JSONParserErr');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fields.fail('JSONParserErr');
  addObject(value, '', 0, fields);
}

/** Lists are passed over, as by Loki. */
function addObject(object: object, before: string, depth: number, fields: Fields): void {
  for (const [name, value] of Object.entries(object)) {
    if (value === null || Array.isArray(value)) continue;
    if (typeof value !== 'object') fields.add(before + name, String(value));
    else if (depth < MAX_DEPTH) addObject(value, `${before}${name}_`, depth + 1, fields);
  }
}

function readLogfmt(body: string, fields: Fields): void {
  for (let at = 0; at < body.length; ) {
    BETWEEN.lastIndex = at;
    BETWEEN.test(body);
    PAIR.lastIndex = BETWEEN.lastIndex;
    const pair = PAIR.exec(body);
    // What begins with "=" is no field.
    at = pair ? PAIR.lastIndex : Math.max(BETWEEN.lastIndex, at) + 1;
    if (pair) fields.add(pair[1]!, pair[2] === undefined ? (pair[3] ?? '') : unescaped(pair[2]));
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_, one: string) => (one === 'n' ? '\n' : one === 't' ? '\t' : one));
}
