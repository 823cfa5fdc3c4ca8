/** A query of traces as a function of the spans of one. */
import type { SpanRecord } from '../../model.ts';
import type { TraceSummary } from '../../store/traces/trace-summary.ts';
import { type Comparison, compileComparison, compileNumbers } from '../comparison.ts';
import { compileTree } from '../tree.ts';
import type { TraceFilter } from './ast.ts';

interface Looked {
  readonly span: SpanRecord;
  readonly summary: TraceSummary;
}

const NS_PER_MS = 1e6;

/** @throws INVALID_INPUT for a regular expression that is none */
export function compileFilter(
  filter: TraceFilter,
): (spans: readonly SpanRecord[], summary: TraceSummary) => boolean {
  const takes = compileTree(filter, ({ condition }) => {
    if (!condition) return () => true;
    const fits = compileTree(condition, compileField);
    return ({ spans, summary }: { readonly spans: readonly SpanRecord[]; readonly summary: TraceSummary }) =>
      spans.some((span) => fits({ span, summary }));
  });
  return (spans, summary) => takes({ spans, summary });
}

function compileField({ field, op, operand }: Comparison): (looked: Looked) => boolean {
  if (operand.kind === 'duration' && (field === 'duration' || field === 'traceDuration')) {
    const fits = compileNumbers(op, operand.ms);
    return field === 'duration'
      ? ({ span }) => fits(span.durationNs / NS_PER_MS)
      : ({ summary }) => fits(summary.durationMs);
  }
  const fits = compileComparison({ op, operand });
  return (looked) => fits(textOf(field, looked));
}

function textOf(field: string, { span, summary }: Looked): string {
  switch (field) {
    case 'name':
    case 'service':
    case 'status':
    case 'kind':
      return span[field];
    case 'statusMessage':
      return span.statusMessage ?? '';
    case 'rootName':
      return summary.rootName ?? '';
    case 'rootService':
      return summary.rootService ?? '';
  }
  const attribute = field.slice(1);
  return Object.hasOwn(span.attributes, attribute) ? span.attributes[attribute]! : '';
}
