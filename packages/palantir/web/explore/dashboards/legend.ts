/** The name of a line: `{{ service }}` stands for a label, one that the series does not have for nothing. */
import type { Labels } from '../../../src/model.ts';
import { nameOf } from '../parts/prometheus.ts';

const PLACEHOLDER = /\{\{\s*([\w.]+)\s*\}\}/g;

/** @param common labels that say nothing, since all series have them */
export function legendOf(legend: string | undefined, labels: Labels, common: ReadonlySet<string>): string {
  if (legend === undefined) return nameOf(labels, common);
  return (
    legend.replaceAll(PLACEHOLDER, (_, name: string) => labels[name] ?? '').trim() || nameOf(labels, common)
  );
}
