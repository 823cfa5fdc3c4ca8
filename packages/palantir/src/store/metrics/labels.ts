/** Labels in the one form in which two series are equal: names in order, without those that are empty. */
import type { Labels } from '../../model.ts';
import { MAX_LABEL_VALUE_LENGTH, MAX_LABELS, MAX_NAME_LENGTH } from '../limits.ts';

export const NAME = '__name__';

/** The same object where it is in that form already. */
export function canonicalLabels(labels: Labels): Labels {
  let previous = '';
  for (const name in labels) {
    if (name < previous || labels[name] === '') return sorted(labels);
    previous = name;
  }
  return labels;
}

/** A text that is equal for equal labels in canonical form, and different for others. */
export function keyOf(labels: Labels): string {
  let key = '';
  for (const name in labels) {
    const value = labels[name]!;
    key += `${name.length}:${name}${value.length}:${value}`;
  }
  return key;
}

/** Why a series with these labels is not taken. */
export function labelsFault(labels: Labels): string | undefined {
  if (!labels[NAME]) return `a sample has no name (${NAME})`;
  let count = 0;
  for (const name in labels) {
    if (++count > MAX_LABELS) return `a series has more than ${MAX_LABELS} labels`;
    if (name.length > MAX_NAME_LENGTH)
      return `the name of a label is longer than ${MAX_NAME_LENGTH} characters`;
    if (labels[name]!.length > MAX_LABEL_VALUE_LENGTH)
      return `the value of a label is longer than ${MAX_LABEL_VALUE_LENGTH} characters (${name.slice(0, 50)})`;
  }
  return undefined;
}

function sorted(labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels)
      .filter(([, value]) => value !== '')
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}
