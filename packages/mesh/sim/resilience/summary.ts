/** From the findings of many seeds to medians and worst ones, to a table and to the targets. */
import type { Way } from './cluster.ts';
import type { Scenario } from './scenarios.ts';
import type { Findings } from './simulate.ts';

/** One scenario in one way, over all its seeds. */
export interface Summary {
  readonly scenario: string;
  readonly way: Way;
  readonly seeds: number;
  readonly median: Findings;
  /** Of each finding the worst of all seeds. */
  readonly worst: Findings;
}

/** A recovery that takes longer is none: the cluster stays in trouble that has no cause any more. */
export const MAX_RECOVERY_MS = 10_000;
const MIN_GOODPUT = 0.9;
const MAX_ATTEMPTS = 1.2;
const MAX_P99_COST = 0.05;

const BIGGER_IS_BETTER: ReadonlySet<string> = new Set([
  'successShare',
  'criticalSuccessShare',
  'goodputShare',
]);

export function summarise(scenario: Scenario, way: Way, findings: readonly Findings[]): Summary {
  const of = (choose: (name: string, sorted: readonly number[]) => number): Findings => {
    const names = Object.keys(findings[0]!) as (keyof Findings)[];
    return Object.fromEntries(
      names.map((name) => [
        name,
        choose(
          name,
          findings.map((one) => one[name]).sort((a, b) => a - b),
        ),
      ]),
    ) as unknown as Findings;
  };
  return {
    scenario: scenario.name,
    way,
    seeds: findings.length,
    median: of((_, sorted) => medianOf(sorted)),
    worst: of((name, sorted) => (BIGGER_IS_BETTER.has(name) ? sorted[0]! : sorted.at(-1)!)),
  };
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  // Infinity less Infinity is no number.
  if (sorted.length % 2 === 1 || sorted[middle] === sorted[middle - 1]) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface Verdict {
  readonly what: string;
  readonly target: string;
  readonly found: string;
  readonly isReached: boolean;
}

/** What is promised of Goblin, of the scenarios that were run. */
export function verdictsOf(summaries: readonly Summary[]): readonly Verdict[] {
  const goblin = new Map(summaries.filter(({ way }) => way === 'goblin').map((one) => [one.scenario, one]));
  const storm = goblin.get('retry-storm');
  const [slow, calm] = [goblin.get('slow-backend'), goblin.get('calm')];
  const verdicts: Verdict[] = [];
  for (const name of ['overload-x10', 'overload-compute']) {
    const overload = goblin.get(name);
    if (!overload) continue;
    const { goodputShare } = overload.worst;
    verdicts.push({
      what: `${name}: goodput at ten times the capacity, worst seed`,
      target: `>= ${percent(MIN_GOODPUT)} of capacity`,
      found: percent(goodputShare),
      isReached: goodputShare >= MIN_GOODPUT,
    });
  }
  if (slow && calm) {
    const cost = slow.median.p99Ms / calm.median.p99Ms - 1;
    verdicts.push({
      what: 'what one of ten that is 20 times slower costs of p99, median',
      target: `< ${percent(MAX_P99_COST)}`,
      found: percent(cost),
      isReached: cost < MAX_P99_COST,
    });
  }
  if (storm) {
    const { attempts } = storm.worst;
    verdicts.push({
      what: 'attempts per call while all fail, worst seed',
      target: `<= ${MAX_ATTEMPTS.toFixed(2)}`,
      found: attempts.toFixed(2),
      isReached: Number(attempts.toFixed(2)) <= MAX_ATTEMPTS,
    });
  }
  for (const { scenario, worst } of goblin.values()) {
    verdicts.push({
      what: `${scenario}: 99 % answered again after, worst seed`,
      target: `<= ${seconds(MAX_RECOVERY_MS)}`,
      found: seconds(worst.recoveryMs),
      isReached: worst.recoveryMs <= MAX_RECOVERY_MS,
    });
  }
  return verdicts;
}

/** As Markdown: each figure as median and, in brackets where it differs, worst. */
export function tableOf(summaries: readonly Summary[]): string {
  const columns: readonly [title: string, cell: (findings: Findings) => string][] = [
    ['answered', (one) => percent(one.successShare)],
    ['goodput', (one) => percent(one.goodputShare)],
    ['critical answered', (one) => percent(one.criticalSuccessShare)],
    ['p50 ms', (one) => millis(one.p50Ms)],
    ['p99 ms', (one) => millis(one.p99Ms)],
    ['p99.9 ms', (one) => millis(one.p999Ms)],
    ['attempts per call', (one) => one.attempts.toFixed(2)],
    ['wasted work', (one) => percent(one.wastedShare)],
    ['recovered after', (one) => seconds(one.recoveryMs)],
  ];
  const lines = [
    `| scenario | way | ${columns.map(([title]) => title).join(' | ')} |`,
    `| --- | --- |${columns.map(() => ' ---: |').join('')}`,
  ];
  for (const { scenario, way, median, worst } of summaries) {
    const cells = columns.map(([, cell]) => {
      const [usual, bad] = [cell(median), cell(worst)];
      return usual === bad ? usual : `${usual} (${bad})`;
    });
    lines.push(`| ${scenario} | ${way} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

function percent(share: number): string {
  return `${(Math.abs(share) * 100 < 0.05 ? 0 : share * 100).toFixed(1)} %`;
}

function millis(ms: number): string {
  return Number.isNaN(ms) ? '–' : ms.toFixed(0);
}

export function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1_000).toFixed(2)} s` : 'never';
}
