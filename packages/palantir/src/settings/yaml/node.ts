/** A YAML file as values that know where they are written. Aliases and merge keys are resolved: what they bring in is the anchored value
 * itself, with its own place. */
import type { Source } from './source.ts';

/** From `start` to before `end` in the text of its file. */
export interface Written {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

export interface ScalarNode extends Written {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** It stands for something that could not be read. Whatever else is found wrong with it follows from that. */
  readonly isTold?: true;
}

export interface ListNode extends Written {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
}

export interface MapNode extends Written {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  /** Where the key is written; that of a merged entry is in the map that it comes from. */
  readonly key: Written;
  readonly value: YamlNode;
}

export type YamlNode = ScalarNode | ListNode | MapNode;

/** `a list`, `"tax"`: what is there, for a sentence about it. */
export function described(node: YamlNode): string {
  if (node.kind === 'map') return 'keys with values';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'nothing';
  const text = JSON.stringify(node.value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

const MAX_SHOWN = 60;
