/** What every part of the platform reports with. The one object is made at process start and handed down;
 * a part never reaches for a global. */
import type { Logger } from '../log/log.ts';
import type { Metrics } from './metrics.ts';
import type { Tracer } from './tracer.ts';

export interface Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}
