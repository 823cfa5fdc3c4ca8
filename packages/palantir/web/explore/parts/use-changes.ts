/** What was changed within a range, for pages and as marks of charts. */
import { useMemo } from 'preact/hooks';
import type { Change } from '../../../src/changes/change.ts';
import type { Mark } from './chart-layers.ts';
import { gridOf } from './prometheus.ts';
import { rangeParameters, type TimeRange } from './time-range.ts';
import { type Answer, useAnswer } from './use-answer.ts';

const NONE: readonly Change[] = [];

/** @param service undefined: of all */
export function useChanges(range: TimeRange, service?: string): Answer<readonly Change[]> {
  // As coarse as charts are: a range that moves on by less is the same question.
  const { stepMs } = gridOf(range);
  const fromMs = Math.floor(range.fromMs / stepMs) * stepMs;
  const toMs = Math.ceil(range.toMs / stepMs) * stepMs;
  const of = service === undefined ? '' : `&service=${encodeURIComponent(service)}`;
  return useAnswer(`/palantir/changes?${rangeParameters({ fromMs, toMs })}${of}`);
}

/** @param services none: of all. What is of no service is among them. */
export function useMarks(range: TimeRange, ...services: readonly string[]): readonly Mark[] {
  const { data = NONE } = useChanges(range, services.length === 1 ? services[0] : undefined);
  const names = services.join('\n');
  return useMemo(
    () =>
      data
        .filter(({ service }) => service === undefined || names === '' || names.split('\n').includes(service))
        .map(({ atMs, title, kind }) => ({ atMs, text: `${kind}: ${title}` })),
    [data, names],
  );
}
