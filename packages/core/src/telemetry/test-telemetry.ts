/** Telemetry for tests: nothing leaves the process, the log is silent, and what was measured can be looked at. */
import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../log/log.ts';
import { tracerOf } from './light-tracer.ts';
import { metricsRegistry } from './metrics-registry.ts';
import type { Telemetry } from './telemetry.ts';
import type { EndedSpan } from './tracer.ts';

/** The oldest go first, so that a long test under load does not fill the memory. */
const MAX_KEPT_SPANS = 10_000;

export interface TestTelemetry extends Telemetry {
  /** The spans that have ended, in the order in which they did. */
  readonly spans: readonly EndedSpan[];
}

export function testTelemetry(
  options: { readonly log?: Logger; readonly clock?: Clock } = {},
): TestTelemetry {
  const { log = silent, clock = systemClock } = options;
  const spans: EndedSpan[] = [];
  const exporter = {
    add(span: EndedSpan) {
      spans.push(span);
      if (spans.length > MAX_KEPT_SPANS) spans.splice(0, MAX_KEPT_SPANS / 2);
    },
  };
  return { log, metrics: metricsRegistry({ clock }), tracer: tracerOf({ exporter, clock }), spans };
}

const nothing = (): void => {};
const silent: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => silent,
};
