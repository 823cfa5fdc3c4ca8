/** The error budget of an objective is used up too fast, by several windows at once, as in Google's SRE workbook
 * (https://sre.google/workbook/alerting-on-slos/, "multiwindow, multi-burn-rate alerts"): the long window says that it matters, the short one
 * that it still goes on. For each set of labels there is one alert for what burns fast, which pages, and one for what burns slowly, which is
 * a ticket and silent while the other fires; the label `burn` tells them apart.
 *
 * Days of samples are not read every few seconds: a long window is asked only where its short one burns, those of hours by rollups, and the
 * slow pair each few minutes. */
import { GoblinError } from '@goblin/core';
import type { Labels } from '../../model.ts';
import type { Expression } from '../../query/promql/ast.ts';
import type { SeriesSource } from '../../query/promql/source.ts';
import { keyOf } from '../../query/promql/vector.ts';
import type { Condition, Severity } from '../alert.ts';
import type { CompiledCondition, Finding } from './condition.ts';
import { parseCondition, rememberingSource, type Value, valuesAt } from './instant.ts';

type BurnRate = Extract<Condition, { kind: 'burnRate' }>;

interface Window {
  readonly text: string;
  /** One sample for each so long is enough. */
  readonly stepMs?: number;
}

interface Burn {
  readonly factor: number;
  readonly long: Window;
  readonly short: Window;
  readonly severity: Severity;
  readonly speed: 'fast' | 'slow';
  /** How often it is looked at, at most. */
  readonly periodMs: number;
}

const MINUTE_MS = 60_000;

/** Fastest first. A factor of 1 uses up the budget of 30 days in 30 days. */
export const BURNS: readonly Burn[] = [
  {
    ...{ factor: 14.4, severity: 'page', speed: 'fast', periodMs: 0 },
    ...{ long: { text: '1h' }, short: { text: '5m' } },
  },
  {
    ...{ factor: 6, severity: 'page', speed: 'fast', periodMs: MINUTE_MS / 2 },
    ...{ long: { text: '6h', stepMs: MINUTE_MS }, short: { text: '30m' } },
  },
  {
    ...{ factor: 1, severity: 'ticket', speed: 'slow', periodMs: 5 * MINUTE_MS },
    ...{ long: { text: '3d', stepMs: 10 * MINUTE_MS }, short: { text: '2h', stepMs: MINUTE_MS } },
  },
];
const WINDOW = /\$window\b/g;

interface Burning {
  readonly atMs: number;
  readonly findings: readonly Finding[];
  readonly known: readonly Labels[];
}

/** @throws INVALID_INPUT */
export function burnRate({ errorShare, objective }: BurnRate, metrics: SeriesSource): CompiledCondition {
  check(errorShare, objective);
  const budget = 1 - objective;
  const over = ({ text }: Window): Expression =>
    parseCondition('errorShare', errorShare.replaceAll(WINDOW, text));
  const looks = BURNS.map((burn) => {
    const [inLong, inShort] = [over(burn.long), over(burn.short)];
    let last: Burning | undefined;

    async function look(source: SeriesSource, atMs: number, signal: AbortSignal): Promise<Burning> {
      const isBurning = ({ value }: Value): boolean => value > burn.factor * budget;
      const now = await valuesAt(stepped(source, burn.short), inShort, atMs, signal);
      const known = now.map(({ labels }) => ({ ...labels, burn: burn.speed }));
      const goesOn = new Set(now.filter(isBurning).map(({ labels }) => keyOf(labels)));
      if (goesOn.size === 0) return { atMs, findings: [], known };
      const shares = await valuesAt(stepped(source, burn.long), inLong, atMs, signal);
      const found = shares.filter((share) => isBurning(share) && goesOn.has(keyOf(share.labels)));
      return { atMs, known, findings: found.map((share) => findingOf(share, burn, budget)) };
    }

    return async (source: SeriesSource, atMs: number, signal: AbortSignal): Promise<Burning> => {
      const sinceMs = last ? atMs - last.atMs : Number.NaN;
      if (!(sinceMs >= 0 && sinceMs < burn.periodMs)) last = await look(source, atMs, signal);
      return last!;
    };
  });

  return {
    // As long as the shortest window: a hole in the long ones moves a share little.
    reachMs: 5 * MINUTE_MS,
    async read(atMs, signal) {
      const source = rememberingSource(metrics);
      const found = new Map<string, Finding>();
      const known: Labels[] = [];
      for (const look of looks) {
        const burning = await look(source, atMs, signal);
        known.push(...burning.known);
        for (const finding of burning.findings) {
          const { burn: _, ...labels } = finding.labels;
          if (!found.has(keyOf(labels))) found.set(keyOf(labels), finding);
        }
      }
      return { findings: [...found.values()], known };
    },
  };
}

function findingOf({ labels, value }: Value, burn: Burn, budget: number): Finding {
  const times = (value / budget).toFixed(1);
  return {
    labels: { ...labels, burn: burn.speed },
    value,
    severity: burn.severity,
    evidence: [
      `${times} times the budget over ${burn.long.text}, and still too fast over ${burn.short.text}`,
    ],
  };
}

function stepped(source: SeriesSource, { stepMs }: Window): SeriesSource {
  if (stepMs === undefined) return source;
  return {
    select: (matchers, fromMs, toMs, options) =>
      source.select(matchers, fromMs, toMs, { ...options, stepMs }),
  };
}

function check(errorShare: string, objective: number): void {
  if (!(objective > 0 && objective < 1))
    throw new GoblinError('INVALID_INPUT', {
      message: `objective: it is ${objective}; write a share between 0 and 1, such as 0.999`,
    });
  if (errorShare.search(WINDOW) === -1)
    throw new GoblinError('INVALID_INPUT', {
      message: 'errorShare: write $window where its range stands, as in rate(x[$window])',
    });
}
