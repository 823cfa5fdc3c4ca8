/** One alert for each series that a PromQL expression gives. Whether an alert that it no longer gives is over, or its data is missing, is
 * told by the expression's subject (subject.ts). */
import type { Labels } from '../../model.ts';
import type { SeriesSource } from '../../query/promql/source.ts';
import type { Condition } from '../alert.ts';
import type { CompiledCondition, Finding, Reading } from './condition.ts';
import { parseCondition, rememberingSource, valuesAt } from './instant.ts';
import { reachOf, subjectOf } from './subject.ts';

type Threshold = Extract<Condition, { kind: 'threshold' }>;

/** @throws INVALID_INPUT */
export function threshold({ expression: text, noData }: Threshold, metrics: SeriesSource): CompiledCondition {
  const expression = parseCondition('expression', text);
  const subject = subjectOf(expression);

  return {
    reachMs: reachOf(expression),
    async read(atMs, signal): Promise<Reading> {
      const source = rememberingSource(metrics);
      const findings: Finding[] = [...(await valuesAt(source, expression, atMs, signal))];
      if (!subject || noData === 'ok') return { findings };
      const known: Labels[] = (await valuesAt(source, subject, atMs, signal)).map(({ labels }) => labels);
      // The alert for no data at all has no labels, and is over when there is any.
      if (known.length > 0) known.push({});
      else if (noData === 'alert' && findings.length === 0)
        findings.push({ labels: {}, value: 0, isNoData: true });
      return { findings, known };
    },
  };
}
