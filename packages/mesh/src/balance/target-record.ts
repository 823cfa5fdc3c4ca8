/** What a dispatcher keeps per target: its retry budget, how long its procedures take, and what was done for it. */
import type { Clock, Counter, Labelled, Metrics } from '@goblin/core';
import { LatencyRecord } from './latency-record.ts';
import { type RetryBudget, retryBudget } from './retry-budget.ts';
import type { AttemptOutcome } from './standing.ts';
import type { CallsView, ProcedureView } from './target-view.ts';

/** Targets and procedures are named in code; beyond this many they share one record, so that a mistake cannot grow
 * without end. */
const MAX_TARGETS = 1_000;
const MAX_PROCEDURES = 1_000;
const OTHER = 'other';

/** Share of the calls that a second attempt may be made for because the first is slower than usual, and how many such
 * attempts may be saved up. */
const HEDGES_PER_CALL = 0.05;
const MAX_SAVED_HEDGES = 10;
/** Answers are not waited for any less than this before another peer is asked. */
const MIN_HEDGE_MS = 5;

const OUTCOMES: readonly AttemptOutcome[] = [
  'ok',
  'failed',
  'unreachable',
  'refused',
  'overtaken',
  'unknown',
];

/** A counter that this process can read itself. */
export class Tally {
  count = 0;
  readonly #counter: Counter;

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  add(): void {
    this.count++;
    this.#counter.add();
  }
}

interface TargetMetrics {
  readonly attempts: Labelled<Counter>;
  readonly retries: Labelled<Counter>;
  readonly exhausted: Labelled<Counter>;
  readonly hedges: Labelled<Counter>;
}

export class TargetRecord {
  readonly budget: RetryBudget;
  readonly attempts: Readonly<Record<AttemptOutcome, Tally>>;
  readonly exhausted: Counter;
  /** Second attempts beside a slow one, by whether they answered first. */
  readonly hedges: { readonly won: Tally; readonly lost: Tally };
  readonly #name: string;
  readonly #retries: Labelled<Counter>;
  readonly #procedures = new Map<string, LatencyRecord>();
  #savedHedges = 1;

  constructor(name: string, clock: Clock, metrics: TargetMetrics) {
    this.#name = name;
    this.#retries = metrics.retries;
    this.budget = retryBudget(clock);
    this.exhausted = metrics.exhausted.with(name);
    this.attempts = Object.fromEntries(
      OUTCOMES.map((outcome) => [outcome, new Tally(metrics.attempts.with(name, outcome))]),
    ) as Record<AttemptOutcome, Tally>;
    this.hedges = {
      won: new Tally(metrics.hedges.with(name, 'won')),
      lost: new Tally(metrics.hedges.with(name, 'lost')),
    };
  }

  /** How long a procedure of this target takes.
   * @param path where it is not known, all is counted together. */
  latencyOf(path: string = this.#name): LatencyRecord {
    let latency = this.#procedures.get(path);
    if (latency) return latency;
    const key = this.#procedures.size < MAX_PROCEDURES ? path : OTHER;
    latency = this.#procedures.get(key) ?? new LatencyRecord();
    this.#procedures.set(key, latency);
    return latency;
  }

  /** A call begins that may be hedged. */
  saveForHedge(): void {
    this.#savedHedges = Math.min(MAX_SAVED_HEDGES, this.#savedHedges + HEDGES_PER_CALL);
  }

  /** Whether another hedge may be made; takes it if so. */
  takeHedge(): boolean {
    if (this.#savedHedges < 1) return false;
    this.#savedHedges--;
    return true;
  }

  /** @param reason the code it failed with, or `SLOW`. */
  retried(reason: string): void {
    this.#retries.with(this.#name, reason).add();
  }

  view(): CallsView {
    const { won, lost } = this.hedges;
    return {
      target: this.#name,
      attempts: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, this.attempts[outcome].count])),
      hedges: { made: won.count + lost.count, won: won.count },
      retryBudget: this.budget.balance,
      procedures: [...this.#procedures].map(([path, latency]) => procedureView(path, latency)),
    };
  }
}

/** After how long another peer is asked too; 0 when that is not known yet. */
export function hedgeAfterMs({ p95Ms }: LatencyRecord): number {
  return p95Ms === 0 ? 0 : Math.max(MIN_HEDGE_MS, p95Ms);
}

function procedureView(path: string, latency: LatencyRecord): ProcedureView {
  const { samples, medianMs, p95Ms } = latency;
  const isKnown = p95Ms > 0;
  return {
    path,
    samples,
    p50Ms: isKnown ? medianMs : null,
    p95Ms: isKnown ? p95Ms : null,
    hedgeAfterMs: isKnown ? hedgeAfterMs(latency) : null,
  };
}

export interface TargetRecords {
  of(target: string): TargetRecord;
  /** Undefined when nothing was ever called by this name. */
  known(target: string): TargetRecord | undefined;
}

export function targetRecords(clock: Clock, metrics: Metrics): TargetRecords {
  const counters: TargetMetrics = {
    attempts: metrics.counter('mesh_attempts_total', {
      help: 'Attempts with a peer, retries included, by how they went.',
      labels: ['target', 'outcome'],
    }),
    retries: metrics.counter('mesh_retries_total', {
      help: 'Attempts beyond the first, by the code the one before failed with; SLOW when it had not answered yet.',
      labels: ['target', 'reason'],
    }),
    exhausted: metrics.counter('mesh_retry_budget_exhausted_total', {
      help: 'Retries not made because the retry budget was used up.',
      labels: ['target'],
    }),
    hedges: metrics.counter('mesh_hedges_total', {
      help: 'Second attempts beside one that was slow, by whether they answered first: won, lost.',
      labels: ['target', 'result'],
    }),
  };
  const records = new Map<string, TargetRecord>();
  const shared = new TargetRecord(OTHER, clock, counters);

  return {
    of(name) {
      let record = records.get(name);
      if (!record) {
        if (records.size >= MAX_TARGETS) return shared;
        record = new TargetRecord(name, clock, counters);
        records.set(name, record);
      }
      return record;
    },
    known: (name) => records.get(name),
  };
}
