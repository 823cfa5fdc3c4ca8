/** Workflows: each has ended once (tasks-book.ts) with the results of its steps, its signal and its children; all its runs were told
 * the same of a step, and that came of a run of the step. */
import { isDeepStrictEqual } from 'node:util';
import { PARTS } from '../work/definitions.ts';
import type { Breach } from './breach.ts';
import type { Evidence, StepToken } from './evidence.ts';

const REMEMBERED = 'a step has one result, and every run of its workflow is told that one';
const OUTPUT = 'a workflow ends with what its steps, its signal and its children gave';
const DOUBLES = Array.from({ length: PARTS }, (_, number) => 2 * number);

export function ordersBook({ effects, stepRuns, stepsSeen, results }: Evidence): Breach[] {
  const breaches: Breach[] = [];
  const runs = tokensByStep(stepRuns);
  const seen = tokensByStep(stepsSeen);
  for (const { name, task, detail } of effects.filter(({ kind }) => kind === 'order')) {
    const item = `order ${name}`;
    const { tokens, ...output } = detail as { tokens: Record<string, string>; [key: string]: unknown };
    for (const [step, token] of Object.entries(tokens)) {
      const place = `${task} ${step}`;
      const told = seen.get(place) ?? new Set();
      if (told.size !== 1 || !told.has(token))
        breaches.push({
          promise: REMEMBERED,
          item,
          what: `its runs were told ${told.size} results of ${step}: ${[...told].join(', ')}`,
        });
      if (!runs.get(place)?.has(token))
        breaches.push({ promise: REMEMBERED, item, what: `no run of ${step} gave ${token}` });
    }
    if (!isDeepStrictEqual(results.get(name), output))
      breaches.push({
        promise: OUTPUT,
        item,
        what: `its result is ${JSON.stringify(results.get(name))}, and it wrote down ${JSON.stringify(output)}`,
      });
    if (!isDeepStrictEqual(output.doubles, DOUBLES) || !/^event \d+$/.test(String(output.by)))
      breaches.push({ promise: OUTPUT, item, what: JSON.stringify(output) });
  }
  return breaches;
}

function tokensByStep(tokens: readonly StepToken[]): Map<string, Set<string>> {
  const byStep = new Map<string, Set<string>>();
  for (const { task, step, token } of tokens) {
    const place = `${task} ${step}`;
    byStep.set(place, (byStep.get(place) ?? new Set()).add(token));
  }
  return byStep;
}
