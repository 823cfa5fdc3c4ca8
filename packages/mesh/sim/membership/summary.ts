/** From the findings of many seeds to one line per question, with its target. */
import type { Findings } from './phases.ts';

export interface Spread {
  /** How many were measured. */
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** All seeds of one size. Times in ms. */
export interface Summary {
  readonly nodes: number;
  readonly seeds: number;
  readonly newcomerKnown: Spread;
  readonly newcomersKnowAll: Spread;
  readonly crashRemoved: Spread;
  readonly unnoticedCrashRemoved: Spread;
  readonly silentRemoved: Spread;
  readonly leaveRemoved: Spread;
  readonly pausedBack: Spread;
  readonly healed: Spread | undefined;
  readonly falsePositives: Readonly<Record<string, number>>;
  readonly pausedFalsePositives: number;
  readonly shortPausesRemoved: number;
  readonly quietSentBytesPerSecond: number;
  readonly quietReceivedBytesPerSecond: number;
  readonly lossySentBytesPerSecond: Readonly<Record<string, number>>;
  readonly heapBytesPerNode: number;
}

/** @param heapBytesPerNode measured apart; 0 when it was not. */
export function summarise(nodes: number, findings: readonly Findings[], heapBytesPerNode = 0): Summary {
  const all = (times: (one: Findings) => readonly number[]): Spread => spreadOf(findings.flatMap(times));
  const mean = (value: (one: Findings) => number): number =>
    Math.round(findings.reduce((sum, one) => sum + value(one), 0) / findings.length);
  const sum = (value: (one: Findings) => number): number =>
    findings.reduce((total, one) => total + value(one), 0);
  const losses = Object.keys(findings[0]!.falsePositives);
  const byLoss = (
    of: (value: (one: Findings) => number) => number,
    key: 'falsePositives' | 'lossyBytesPerSecond',
  ) => Object.fromEntries(losses.map((loss) => [loss, of((one) => one[key][loss]!)]));
  return {
    nodes,
    seeds: findings.length,
    newcomerKnown: all((one) => one.newcomerKnown),
    newcomersKnowAll: all((one) => one.newcomersKnowAll),
    crashRemoved: all((one) => one.crashRemoved),
    unnoticedCrashRemoved: all((one) => one.unnoticedCrashRemoved),
    silentRemoved: all((one) => one.silentRemoved),
    leaveRemoved: all((one) => one.leaveRemoved),
    pausedBack: all((one) => one.pausedBack),
    healed: findings.some((one) => one.healed.length > 0) ? all((one) => one.healed) : undefined,
    falsePositives: byLoss(sum, 'falsePositives'),
    pausedFalsePositives: sum((one) => one.pausedFalsePositives),
    shortPausesRemoved: sum((one) => one.shortPausesRemoved),
    quietSentBytesPerSecond: mean((one) => one.quietBytesPerSecond),
    quietReceivedBytesPerSecond: mean((one) => one.quietReceivedPerSecond),
    lossySentBytesPerSecond: byLoss(mean, 'lossyBytesPerSecond'),
    heapBytesPerNode,
  };
}

export function spreadOf(times: readonly number[]): Spread {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number): number =>
    Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** What was promised of a cluster of 1,200, and whether a summary keeps it. */
export const TARGETS: readonly {
  readonly what: string;
  readonly target: string;
  readonly found: (summary: Summary) => string;
  readonly kept: (summary: Summary) => boolean;
}[] = [
  timeTarget('a newcomer is known to all, p99', 1_000, (summary) => summary.newcomerKnown.p99),
  timeTarget('a crashed process is removed everywhere, p99', 1_500, (summary) => summary.crashRemoved.p99),
  timeTarget('a silent host is removed everywhere, p99', 6_000, (summary) => summary.silentRemoved.p99),
  {
    what: 'taken for gone wrongly at 5 % loss',
    target: '0',
    found: (summary) => String(summary.falsePositives['0.05']),
    kept: (summary) => summary.falsePositives['0.05'] === 0,
  },
  {
    what: 'sent by a member when all is quiet',
    target: '< 1,000 B/s',
    found: (summary) => `${summary.quietSentBytesPerSecond} B/s`,
    kept: (summary) => summary.quietSentBytesPerSecond < 1_000,
  },
  timeTarget(
    'all know all again after a partition, max',
    10_000,
    (summary) => summary.healed?.max ?? Number.NaN,
  ),
];

function timeTarget(
  what: string,
  belowMs: number,
  found: (summary: Summary) => number,
): (typeof TARGETS)[number] {
  return {
    what,
    target: `< ${seconds(belowMs)}`,
    found: (summary) => seconds(found(summary)),
    kept: (summary) => !(found(summary) >= belowMs),
  };
}

export function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1_000).toFixed(2)} s` : Number.isNaN(ms) ? 'not run' : 'never';
}

/** A Markdown table, a column per summary. */
export function tableOf(columns: readonly { readonly title: string; readonly summary: Summary }[]): string {
  const row = (what: string, cell: (summary: Summary) => string): string =>
    `| ${what} | ${columns.map(({ summary }) => cell(summary)).join(' | ')} |`;
  const spread = (what: string, of: (summary: Summary) => Spread | undefined): string =>
    row(what, (summary) => {
      const found = of(summary);
      if (!found) return 'not run';
      const { count, p50, p99, max } = found;
      return `${seconds(p50)} / ${seconds(p99)} / ${seconds(max)} (${count})`;
    });
  const perLoss = (of: (summary: Summary) => Readonly<Record<string, number>>) => (summary: Summary) =>
    Object.values(of(summary))
      .map((value) => value.toLocaleString('en'))
      .join(' / ');
  return [
    `| ${['until all know: p50 / p99 / max (of how many)', ...columns.map(({ title }) => title)].join(' | ')} |`,
    `| --- |${columns.map(() => ' --- |').join('')}`,
    row('seeds', (summary) => String(summary.seeds)),
    spread('newcomer', (summary) => summary.newcomerKnown),
    spread('newcomers know all', (summary) => summary.newcomersKnowAll),
    spread('crashed process, callers connected', (summary) => summary.crashRemoved),
    spread('crashed process, nobody connected', (summary) => summary.unnoticedCrashRemoved),
    spread('silent host', (summary) => summary.silentRemoved),
    spread('goodbye', (summary) => summary.leaveRemoved),
    spread('back after standing still for 15 s', (summary) => summary.pausedBack),
    spread('healed after a 50/50 partition of 60 s', (summary) => summary.healed),
    row(
      'wrongly taken for gone at 0 / 1 / 5 % loss',
      perLoss((summary) => summary.falsePositives),
    ),
    row('wrongly taken for gone by those that stood still', (summary) =>
      String(summary.pausedFalsePositives),
    ),
    row('gone for standing still 1.5 s', (summary) => String(summary.shortPausesRemoved)),
    row(
      'quiet: sent / received per member, B/s',
      (summary) =>
        `${summary.quietSentBytesPerSecond} / ${summary.quietReceivedBytesPerSecond.toLocaleString('en')}`,
    ),
    row(
      'sent at 0 / 1 / 5 % loss, B/s',
      perLoss((summary) => summary.lossySentBytesPerSecond),
    ),
    row('heap per member', ({ heapBytesPerNode }) =>
      heapBytesPerNode > 0 ? `${Math.round(heapBytesPerNode / 1_024)} KiB` : 'not measured',
    ),
  ].join('\n');
}
