/** How schedules are seen. Alert on `schedule_missed_total` where a missed run matters. */
import type { Counter, Histogram, Telemetry } from '@goblin/core';

export interface ScheduleTelemetry {
  readonly fires: Counter;
  readonly lateness: Histogram;
  readonly missed: Counter;
}

export function scheduleTelemetry({ metrics }: Telemetry, schedule: string): ScheduleTelemetry {
  const labels = ['schedule'];
  return {
    fires: metrics
      .counter('schedule_fires_total', { help: 'Runs of schedules that this process has enqueued.', labels })
      .with(schedule),
    lateness: metrics
      .histogram('schedule_lateness_seconds', {
        help: 'Time from a slot until its run was enqueued.',
        labels,
      })
      .with(schedule),
    missed: metrics
      .counter('schedule_missed_total', {
        help: 'Slots that were passed over because nobody took them in time, up to 1,000 at once.',
        labels,
      })
      .with(schedule),
  };
}
