/** Makes spans and decides which ended ones go to the exporter and to subscribers of the diagnostics channel
 * `goblin:span`: sampled ones at once, unsampled ones when something below their local root failed or the root was
 * slow. Without an exporter and a subscriber, ending a span does nothing more. */
import { channel } from 'node:diagnostics_channel';
import { type Clock, systemClock } from '../clock.ts';
import { context } from '../context.ts';
import { LightSpan, type SpanHome } from './light-span.ts';
import { type Sampler, sampleAll } from './sampling.ts';
import type { Span, SpanExporter, SpanOptions, Tracer } from './tracer.ts';

/** The diagnostics channel that every kept span (EndedSpan) is published to. */
export const SPAN_CHANNEL = 'goblin:span';

const SLOW_MS = 1_000;
/** Clocks further apart than this have been set, not read at different moments. */
const CLOCK_STEP_MS = 2;
const NO_OPTIONS: SpanOptions = {};

export interface TracerOptions {
  /** Which new traces are recorded. Default: all. */
  readonly sampler?: Sampler;
  readonly exporter?: SpanExporter | undefined;
  /** Traces whose local root takes longer are kept though they are not sampled. Default 1,000. */
  readonly slowMs?: number;
  readonly clock?: Clock;
}

export function tracerOf(options: TracerOptions = {}): Tracer {
  const { sampler = sampleAll, exporter, slowMs = SLOW_MS, clock = systemClock } = options;
  const spans = channel(SPAN_CHANNEL);

  function keep(span: LightSpan): void {
    exporter?.add(span);
    if (spans.hasSubscribers) spans.publish(span);
  }

  const home: SpanHome = {
    now: () => clock.now(),
    wallOf: wallTimes(clock),
    samples: sampler === sampleAll ? () => true : (span) => sampler(span.traceId),
    ended(span) {
      if (!exporter && !spans.hasSubscribers) return;
      if (span.sampled) keep(span);
      else span.keptWith(slowMs).forEach(keep);
    },
  };
  return { start: (name, options = NO_OPTIONS) => new LightSpan(home, name, options) };
}

/** The span that runs now, where a tracer of this process made it. */
export function currentSpan(): Span | undefined {
  const { trace } = context;
  return trace instanceof LightSpan && !trace.isEnded ? trace : undefined;
}

/** Runs `work` in a span of its own: it is the current one meanwhile, fails when the work does and ends with it. */
export async function inSpan<T>(
  tracer: Tracer,
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T> | T,
): Promise<T> {
  const span = tracer.start(name, options);
  try {
    return await context.run({ trace: span.context }, () => work(span));
  } catch (error) {
    span.fail(error);
    throw error;
  } finally {
    span.end();
  }
}

/** Wall times of monotonic moments, finer than the wall clock's own milliseconds: its reading is behind by less than
 * one, so the largest difference seen between both clocks is the true one. Otherwise spans of two processes
 * would lie up to a millisecond askew. */
function wallTimes(clock: Clock): (ms: number) => number {
  let offsetMs = clock.wall() - clock.now();
  return (ms) => {
    const seenMs = clock.wall() - clock.now();
    if (seenMs > offsetMs || seenMs < offsetMs - CLOCK_STEP_MS) offsetMs = seenMs;
    return offsetMs + ms;
  };
}
