/** Functions that write labels. */
import { GoblinError } from '@goblin/core';
import { distinct, type Vector } from './vector.ts';

const LABEL = /^[a-zA-Z_]\w*$/;

function checkLabel(label: string): void {
  if (LABEL.test(label)) return;
  throw new GoblinError('INVALID_INPUT', { message: `${JSON.stringify(label)} is not the name of a label` });
}

/** `label_replace(v, "to", "$1", "from", "(.*):.*")` */
export function labelReplace(vector: Vector, [to, replacement, from, pattern]: readonly string[]): Vector {
  checkLabel(to!);
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${pattern})$`, 's');
  } catch {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(pattern)} is no regular expression`,
    });
  }
  return distinct(
    vector.map((series) => {
      const match = expression.exec(series.labels[from!] ?? '');
      if (!match) return series;
      const value = replacement!.replace(/\$(?:(\w+)|\{(\w+)\}|(\$))/g, (_, plain, braced, dollar) => {
        const group: string = plain ?? braced;
        return dollar ?? (/^\d+$/.test(group) ? match[Number(group)] : match.groups?.[group]) ?? '';
      });
      return { ...series, labels: withLabel(series.labels, to!, value) };
    }),
  );
}

/** `label_join(v, "to", "-", "a", "b")` */
export function labelJoin(vector: Vector, [to, separator, ...from]: readonly string[]): Vector {
  checkLabel(to!);
  return distinct(
    vector.map((series) => {
      const value = from.map((label) => series.labels[label] ?? '').join(separator);
      return { ...series, labels: withLabel(series.labels, to!, value) };
    }),
  );
}

/** A label that is empty is not there. */
function withLabel(labels: Vector[number]['labels'], name: string, value: string): Vector[number]['labels'] {
  const { [name]: _, ...rest } = labels;
  return value === '' ? rest : { ...rest, [name]: value };
}
