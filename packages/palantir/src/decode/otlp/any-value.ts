/** An attribute's value or a log's body, as JSON would have it, and as the text that is kept of it. */
import type { Labels } from '../../model.ts';
import type { MutableLabels } from '../labels.ts';
import { MAX_ATTRIBUTE_LENGTH, MAX_ATTRIBUTES } from '../limits.ts';

export type AnyValue =
  | string
  | number
  | boolean
  | null
  | readonly AnyValue[]
  | { readonly [key: string]: AnyValue };

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** Stands for what is nested deeper than MAX_NESTING. */
export const TOO_DEEP = '[nested too deep]';
/** How many attributes the sender or the limit left out. */
const DROPPED = 'dropped_attributes_count';

/** Texts as they are; lists and maps as JSON; bytes have been made base64 before. */
export function textOf(value: AnyValue): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function cut(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).toWellFormed();
}

/** @param base the resource's attributes, which the own ones of the same key hide. */
export function attributesOf(list: readonly KeyValue[], dropped: number, base?: Labels): Labels {
  const attributes: MutableLabels = { ...base };
  const kept = Math.min(list.length, MAX_ATTRIBUTES);
  for (let i = 0; i < kept; i += 1) {
    const { key, value } = list[i]!;
    if (key === '' || key === '__proto__' || key.length > MAX_ATTRIBUTE_LENGTH) dropped += 1;
    else attributes[key] = cut(textOf(value), MAX_ATTRIBUTE_LENGTH);
  }
  dropped += list.length - kept;
  if (dropped > 0) attributes[DROPPED] = String(dropped);
  return attributes;
}
