/** Objectives as they are kept: each burn-rate rule, judged over its windows.
 *
 * It costs little, whoever asks how often: all is read by rollups, an answer serves all who ask within FRESH_MS, and one round runs at a
 * time. An objective that cannot be read, or takes too long, harms no other: it keeps what was known of it, and says so. Of one with very
 * many series the worst MAX_SERIES are told. */
import { type Clock, context, GoblinError, pause } from '@goblin/core';
import type { Rule } from '../alerts/alert.ts';
import { BURNS } from '../alerts/conditions/burn-rate.ts';
import { rememberingSource } from '../alerts/conditions/instant.ts';
import type { Labels } from '../model.ts';
import type { SeriesSource } from '../query/promql/source.ts';
import { keyOf } from '../query/promql/vector.ts';
import { createBudgets } from './budgets.ts';
import { errorShareOver, sharesAt } from './error-share.ts';
import { judge, type Objective, objectivesOf, WINDOW, worstFirst } from './judgement.ts';
import { reading } from './reading.ts';
import { rollupSource } from './rollup-source.ts';
import type { Slo, SloBudget } from './slo.ts';

export const FRESH_MS = 30_000;
/** For walls, which do not ask. */
const RENEW_MS = 60_000;
const MAX_PARALLEL = 2;
/** Of one objective. */
const MAX_SERIES = 50;
/** Of one selection by the minute; beyond it is by the hour. */
const MAX_POINTS = 500_000;
const WINDOWS: readonly string[] = [
  ...new Set([WINDOW, ...BURNS.flatMap(({ short, long }) => [short.text, long.text])]),
];

export interface SlosOptions {
  readonly metrics: SeriesSource;
  readonly clock: Clock;
  rules(): readonly Rule[];
}

export interface Slos {
  /** As they were known last, the worst first. */
  readonly latest: readonly Slo[];
  /** Not older than FRESH_MS. Never rejects. */
  list(): Promise<readonly Slo[]>;
  /** What was left of the budget of one objective. @throws NOT_FOUND, INVALID_INPUT, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED */
  budget(name: string, range: { fromMs: number; toMs: number }): Promise<SloBudget>;
  /** Keeps `latest` new until it is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export function createSlos({ metrics, clock, rules }: SlosOptions): Slos {
  const budgets = createBudgets(metrics, clock);
  let latest: readonly Slo[] = [];
  let renewing: Promise<void> | undefined;
  let renewed = { of: '', atMs: Number.NEGATIVE_INFINITY };

  /** Who asks while a round runs waits for that one. */
  function renew(): Promise<void> {
    renewing ??= context.detach(round).finally(() => {
      renewing = undefined;
    });
    return renewing;
  }

  async function round(): Promise<void> {
    const objectives = objectivesOf(rules());
    const before = Map.groupBy(latest, ({ name }) => name);
    const waiting = [...objectives];
    const found: Slo[] = [];
    async function work(): Promise<void> {
      for (let next = waiting.shift(); next; next = waiting.shift())
        found.push(...(await judged(next, before.get(next.name) ?? [])));
    }
    await Promise.all(Array.from({ length: MAX_PARALLEL }, work));
    latest = found.sort(worstFirst);
    renewed = { of: JSON.stringify(objectives), atMs: clock.now() };
  }

  async function judged(objective: Objective, before: readonly Slo[]): Promise<readonly Slo[]> {
    try {
      return await reading((signal) => judgedNow(objective, signal));
    } catch (error) {
      const known = before.length > 0 ? before : [unknown(objective)];
      return known.map((slo) => ({ ...slo, problem: (error as Error).message }));
    }
  }

  async function judgedNow(objective: Objective, signal: AbortSignal): Promise<readonly Slo[]> {
    const source = rememberingSource(rollupSource(metrics, MAX_POINTS));
    const now = { startMs: clock.wall(), stepMs: 0, count: 1 };
    const series = new Map<string, Labels>();
    const shares = new Map<string, number>();
    for (const window of WINDOWS)
      for (const { labels, values } of await sharesAt(
        source,
        errorShareOver(objective.errorShare, window),
        now,
        signal,
      )) {
        const [share] = values;
        if (typeof share !== 'number') continue;
        series.set(keyOf(labels), labels);
        shares.set(`${window} ${keyOf(labels)}`, share);
      }
    if (series.size === 0) return [unknown(objective)];
    return [...series]
      .map(([key, labels]) => judge(objective, labels, (window) => shares.get(`${window} ${key}`)))
      .sort(worstFirst)
      .slice(0, MAX_SERIES);
  }

  return {
    get latest() {
      return latest;
    },
    async list() {
      const isSame = renewed.of === JSON.stringify(objectivesOf(rules()));
      if (!isSame || clock.now() - renewed.atMs >= FRESH_MS) await renew();
      return latest;
    },
    async budget(name, range) {
      const objective = objectivesOf(rules()).find((one) => one.name === name);
      if (objective) return budgets.of(objective, range);
      throw new GoblinError('NOT_FOUND', { message: `there is no objective ${JSON.stringify(name)}` });
    },
    run: (signal) =>
      context.detach(async () => {
        while (!signal.aborted) {
          await renew();
          await pause(clock, RENEW_MS, signal);
        }
      }),
  };
}

function unknown(objective: Objective): Slo {
  return judge(objective, {}, () => undefined);
}
