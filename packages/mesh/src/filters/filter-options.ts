/** What all of these filters may be given. */
import type { Clock, Metrics } from '@goblin/core';

export interface FilterOptions {
  /** Tells filters of one kind apart in metrics and messages. Default `default`. */
  readonly name?: string;
  /** Where it counts. Default: nowhere. */
  readonly metrics?: Metrics;
  readonly clock?: Clock;
}

export const DEFAULT_NAME = 'default';
