/** Points as samples, under the names that the same points get when they are pushed as line protocol: `measurement_field`, and
 * `measurement` alone where the one field is called `value`. Texts are no samples. */
import { BatchBuilder } from '../../decode/batch-builder.ts';
import {
  labelName,
  type MutableLabels,
  metricName,
  nameFault,
  putLabel,
  TOO_MANY_LABELS,
} from '../../decode/labels.ts';
import { MAX_LABELS } from '../../decode/limits.ts';
import type { Batch, Labels } from '../../model.ts';
import type { InfluxPoint } from './influx-reader.ts';

const BAD_TIME = 'the time of a point cannot be read';

export function samplesOf(
  measurement: string,
  points: readonly InfluxPoint[],
  nowMs: number,
  base: Labels,
): Batch {
  const builder = new BatchBuilder(nowMs);
  for (const { atMs, tags, fields } of points) {
    const labels = labelsOf(tags, base);
    const names = Object.keys(fields);
    for (const field of names) {
      const value = fields[field]!;
      if (typeof value === 'string') continue;
      const name = metricName(
        field === 'value' && names.length === 1 ? measurement : `${measurement}_${field}`,
      );
      const fault = typeof labels === 'string' ? labels : nameFault(name);
      if (fault !== undefined) builder.refuse(fault, name);
      else if (!Number.isFinite(atMs)) builder.refuse(BAD_TIME, name);
      else builder.addSample({ ...(labels as Labels), __name__: name }, atMs, Number(value));
    }
  }
  return builder.batch();
}

/** @returns or else why they cannot be kept. */
function labelsOf(tags: Readonly<Record<string, string>>, base: Labels): Labels | string {
  const labels: MutableLabels = {};
  const all = Object.entries(tags);
  if (all.length > MAX_LABELS) return TOO_MANY_LABELS;
  for (const [tag, value] of all) {
    const fault = putLabel(labels, labelName(tag), value);
    if (fault !== undefined) return fault;
  }
  return { ...labels, ...base };
}
