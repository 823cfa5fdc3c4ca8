/** Turns a query of traces into what the store is asked. What every trace that fits must have goes there as such: a service, a failure, a
 * duration, words; so most traces are left out by their summaries, and blocks by their words. Spans are looked at only where these
 * do not say it all. */
import type { TraceQuery } from '../../store/traces/trace-search.ts';
import type { Comparison } from '../comparison.ts';
import { requiredLeaves, type Tree } from '../tree.ts';
import type { TraceFilter } from './ast.ts';

export type CompiledTraces = Pick<TraceQuery, 'service' | 'error' | 'minDurationMs' | 'words' | 'filter'>;

export function compileTraces(filter: TraceFilter): CompiledTraces {
  const sets = requiredLeaves(filter);
  const required = sets.flatMap(({ condition }) => (condition ? requiredLeaves(condition) : []));
  const service = required.find(({ field, op }) => field === 'service' && op === '=')?.operand;
  const fails = required.some((comparison) => isFailure(comparison));
  const minDurationMs = Math.max(0, ...required.map(leastDurationMs));
  return {
    ...(service?.kind === 'text' && service.text !== '' && { service: service.text }),
    ...(fails && { error: true }),
    ...(minDurationMs > 0 && { minDurationMs }),
    ...(!isSaidBySummary(filter) && { filter, words: wordsOf(filter) }),
  };
}

function isFailure({ field, op, operand }: Comparison): boolean {
  return field === 'status' && op === '=' && operand.kind === 'text' && operand.text === 'error';
}

/** A trace is not shorter than any of its spans. */
function leastDurationMs({ field, op, operand }: Comparison): number {
  const isDuration = field === 'duration' || field === 'traceDuration';
  return isDuration && operand.kind === 'duration' && (op === '>' || op === '>=' || op === '=')
    ? operand.ms
    : 0;
}

/** Whether it asks for nothing, or for the one thing that a summary says just as exactly. */
function isSaidBySummary(filter: TraceFilter): boolean {
  const condition = onlyCondition(filter);
  if (condition === undefined) return 'leaf' in filter;
  if (!('leaf' in condition)) return false;
  const { field, op, operand } = condition.leaf;
  if (isFailure(condition.leaf)) return true;
  if (field === 'service') return op === '=' && operand.kind === 'text' && operand.text !== '';
  return field === 'traceDuration' && op === '>=';
}

/** Of one span, so they lie in one block. */
function wordsOf(filter: TraceFilter): string[] {
  const condition = onlyCondition(filter);
  return (condition ? requiredLeaves(condition) : []).flatMap(({ field, op, operand }) =>
    op === '=' && operand.kind === 'text' && isInWords(field) ? [operand.text] : [],
  );
}

/** What spans are indexed by; see store/traces/span-row.ts. */
function isInWords(field: string): boolean {
  return field.startsWith('.') || field === 'name' || field === 'service' || field === 'statusMessage';
}

function onlyCondition(filter: TraceFilter): Tree<Comparison> | undefined {
  return 'leaf' in filter ? filter.leaf.condition : undefined;
}
