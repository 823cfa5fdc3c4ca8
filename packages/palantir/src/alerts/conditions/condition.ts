/** What a rule asks for: one of four conditions, all behind one interface. */
import type { ErrorGroups } from '../../errors/error-group.ts';
import type { Labels } from '../../model.ts';
import type { SeriesSource } from '../../query/promql/source.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import type { Severity } from '../alert.ts';

/** A set of labels for which the condition holds. */
export interface Finding {
  readonly labels: Labels;
  readonly value: number;
  /** Less than the rule's, where the finding weighs less. */
  readonly severity?: Severity;
  /** It holds because there is no data, and the rule says that this is bad. */
  readonly isNoData?: true;
  readonly evidence?: readonly string[];
}

export interface Reading {
  readonly findings: readonly Finding[];
  /** Of what else there is data, so that it is known to be clear. Undefined: of everything. */
  readonly known?: readonly Labels[];
}

export interface CompiledCondition {
  /** How far it looks back. Not there where a pause of Palantir takes nothing from what it sees. */
  readonly reachMs?: number;
  /** @throws what kept it from being read, which leaves its alerts as they are */
  read(atMs: number, signal: AbortSignal): Promise<Reading>;
}

export interface ConditionSources {
  readonly metrics: SeriesSource;
  readonly logs: Pick<TelemetryStore, 'searchLogs' | 'logCounts'>;
  readonly errors: Pick<ErrorGroups, 'newSince'>;
}
