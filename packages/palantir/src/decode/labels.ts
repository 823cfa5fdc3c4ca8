/** Labels of a series in Prometheus' form, within the limits. A label that cannot be kept costs its sample, because without it
 * the sample would count for another series; a label with an empty value is the same as none. */
import type { Labels } from '../model.ts';
import { MAX_LABEL_VALUE_LENGTH, MAX_LABELS, MAX_NAME_LENGTH } from './limits.ts';
import { memo } from './memo.ts';

export type MutableLabels = Record<string, string>;

export const TOO_MANY_LABELS = `a series has more than ${MAX_LABELS} labels`;
const LONG_NAME = `the name of a metric or label is longer than ${MAX_NAME_LENGTH} characters`;
const LONG_VALUE = `the value of a label is longer than ${MAX_LABEL_VALUE_LENGTH} characters`;
const RESERVED = 'the name of a label begins with __, which is reserved';
const NO_NAME = 'a metric has no name';

/** Any text as a label's name: other characters become underscores. */
export const labelName: (text: string) => string = memo((text) => {
  const name = text.replace(/[^a-zA-Z0-9_]/g, '_');
  return /^\d/.test(name) ? `_${name}` : name || '_';
});

/** Any text as a metric's name. */
export const metricName: (text: string) => string = memo((text) => {
  const name = text.replace(/[^a-zA-Z0-9_:]/g, '_');
  return /^\d/.test(name) ? `_${name}` : name;
});

/** @returns why the name cannot be kept. */
export function nameFault(name: string): string | undefined {
  if (name === '') return NO_NAME;
  return name.length > MAX_NAME_LENGTH ? LONG_NAME : undefined;
}

/** Adds a label whose name is in Prometheus' form. @returns why it cannot be kept. */
export function putLabel(labels: MutableLabels, name: string, value: string): string | undefined {
  if (value === '') return undefined;
  if (value.length > MAX_LABEL_VALUE_LENGTH) return LONG_VALUE;
  if (name.length > MAX_NAME_LENGTH) return LONG_NAME;
  if (name.charCodeAt(0) === 95 && name.charCodeAt(1) === 95) return RESERVED;
  labels[name] = name === 'le' || name === 'quantile' ? boundText(value) : value;
  return undefined;
}

/** OpenMetrics writes a bound "1.0", others "1": it is one series. */
const boundText = memo((text) => (/^\d+\.\d*$/.test(text) ? String(Number(text)) : text));

/** Adds the labels of where something comes from. As Prometheus does with a target's, they win; what was there before is kept
 * as `exported_…`. */
export function putTarget(labels: MutableLabels, target: Labels): void {
  for (const name in target) {
    if (Object.hasOwn(labels, name)) labels[`exported_${name}`] = labels[name]!;
    labels[name] = target[name]!;
  }
}

/** Another series of the same family: its name and one label differ. */
export function sibling(labels: Labels, name: string, label?: string, value?: string): Labels {
  return label === undefined ? { ...labels, __name__: name } : { ...labels, __name__: name, [label]: value! };
}
