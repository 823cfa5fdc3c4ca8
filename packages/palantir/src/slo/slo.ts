/** The words of objectives (SLOs): what was promised of a service, how much of it was kept, and what is left of its error budget. */
import type { Labels } from '../model.ts';

/** `burning`: the budget goes so fast that the rule alerts. `exhausted`: nothing of it is left. `unknown`: nothing was asked of the
 * service within the window, or it could not be read. */
export type SloState = 'ok' | 'burning' | 'exhausted' | 'unknown';

/** How fast the budget goes: 1 uses it up in exactly the window of the objective. */
export interface SloBurn {
  /** It burns when both rates are above this. */
  readonly factor: number;
  /** `5m` and `1h`. */
  readonly short: string;
  readonly long: string;
  /** Not there where nothing was asked of the service in that time. */
  readonly shortRate?: number;
  readonly longRate?: number;
}

/** One for each set of labels that the rule tells apart. */
export interface Slo {
  /** Of the rule. */
  readonly name: string;
  /** The label `service`, or empty. */
  readonly service: string;
  readonly labels: Labels;
  readonly summary: string;
  /** The share that is promised to be good, from 0 to 1. */
  readonly target: number;
  readonly windowMs: number;
  /** The share that was good. */
  readonly attained?: number;
  /** Of the error budget, from 1 down; below 0 it is overspent. */
  readonly budgetLeft?: number;
  /** Fastest first. */
  readonly burns: readonly SloBurn[];
  readonly state: SloState;
  /** Where it was written: file and line. */
  readonly source: string;
  /** Why the numbers are old, or not there. */
  readonly problem?: string;
}

/** What was left of a budget over a time; null where it is not known. */
export interface SloBudget {
  readonly times: readonly number[];
  readonly series: readonly {
    readonly service: string;
    readonly labels: Labels;
    readonly values: readonly (number | null)[];
  }[];
}
