/** How many lines there were per minute, service and severity. */
import type { LogLine } from '../../model.ts';

const MINUTE_MS = 60_000;

export interface LogCount {
  /** When the minute began, in milliseconds since the Unix epoch. */
  readonly minuteMs: number;
  readonly service: string;
  readonly severity: number;
  readonly count: number;
}

type Count = { -readonly [Name in keyof LogCount]: LogCount[Name] };

export class LogCounts {
  /** By service and severity, then by minute: lines come with few of the former, in runs of one minute. */
  readonly #counts = new Map<string, (Map<number, Count> | undefined)[]>();

  add({ atMs, service, severity }: LogLine): void {
    this.#of(Math.floor(atMs / MINUTE_MS) * MINUTE_MS, service, severity).count++;
  }

  addCount({ minuteMs, service, severity, count }: LogCount): void {
    this.#of(minuteMs, service, severity).count += count;
  }

  #of(minuteMs: number, service: string, severity: number): Count {
    let bySeverity = this.#counts.get(service);
    if (!bySeverity) {
      bySeverity = [];
      this.#counts.set(service, bySeverity);
    }
    bySeverity[severity] ??= new Map();
    const byMinute = bySeverity[severity];
    let count = byMinute.get(minuteMs);
    if (!count) {
      count = { minuteMs, service, severity, count: 0 };
      byMinute.set(minuteMs, count);
    }
    return count;
  }

  /** In order of time, then service and severity. */
  list(): LogCount[] {
    const counts = [...this.#counts.values()].flatMap((all) =>
      all.flatMap((byMinute) => [...(byMinute?.values() ?? [])]),
    );
    return counts.sort(
      (one, other) =>
        one.minuteMs - other.minuteMs ||
        (one.service < other.service ? -1 : one.service > other.service ? 1 : one.severity - other.severity),
    );
  }
}
