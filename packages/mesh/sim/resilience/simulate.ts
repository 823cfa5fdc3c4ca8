/** One run of one scenario, and what was found in it. */
import { CAPACITY, Cluster, type Way } from './cluster.ts';
import { BIN_MS, latenciesOf, quantile, type Recorder, sumOf } from './recorder.ts';
import { offeredBy, type Scenario } from './scenarios.ts';

/** Of the calls of RECOVERED_MS this share is answered: it is as it was. */
const RECOVERED_SHARE = 0.99;
const RECOVERED_MS = 1_000;

/** Of the time of trouble, where nothing else is said. */
export interface Findings {
  /** Of the calls that were made, those that were answered in time. */
  readonly successShare: number;
  readonly criticalSuccessShare: number;
  /** Answers in time, of what was offered or the capacity, whichever is less. */
  readonly goodputShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Attempts per call. */
  readonly attempts: number;
  /** Of the work that servers did from the trouble to the end, what nobody took. */
  readonly wastedShare: number;
  /** From the end of the trouble until 99 % of the calls are answered again; Infinity when never. */
  readonly recoveryMs: number;
}

export interface Run {
  readonly findings: Findings;
  readonly recorder: Recorder;
}

export async function simulate(scenario: Scenario, way: Way, seed: number): Promise<Run> {
  const { lengthMs, reloads, handlers } = scenario;
  // Traces of stacks are most of what an error costs, and a storm has millions of errors that nobody reads.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const offered = offeredBy(scenario);
    const cluster = new Cluster({ seed, way, lengthMs, reloads, handlers, offered });
    scenario.prepare(cluster, scenario);
    await cluster.run();
    return { findings: findingsOf(scenario, cluster.recorder), recorder: cluster.recorder };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function findingsOf({ fromMs, toMs, lengthMs }: Scenario, recorder: Recorder): Findings {
  const during = (series: Float64Array<ArrayBuffer>): number => sumOf(series, fromMs, toMs);
  const calls = during(recorder.calls);
  const possible = Math.min(calls, (CAPACITY * (toMs - fromMs)) / 1_000);
  const latencies = latenciesOf(recorder, fromMs, toMs);
  return {
    successShare: during(recorder.answered) / calls,
    criticalSuccessShare: during(recorder.criticalAnswered) / during(recorder.criticalCalls),
    goodputShare: during(recorder.good) / possible,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    p999Ms: quantile(latencies, 0.999),
    attempts: during(recorder.attempts) / calls,
    wastedShare: 1 - sumOf(recorder.usedMs, fromMs, lengthMs) / sumOf(recorder.workedMs, fromMs, lengthMs),
    recoveryMs: recoveryOf(recorder, toMs, lengthMs),
  };
}

/** The calls of the last seconds may have no answer yet. */
const UNKNOWN_MS = 2_000;

function recoveryOf({ calls, answered }: Recorder, toMs: number, lengthMs: number): number {
  const isFine = (at: number): boolean =>
    sumOf(answered, at, at + RECOVERED_MS) >= RECOVERED_SHARE * sumOf(calls, at, at + RECOVERED_MS);
  const last = lengthMs - UNKNOWN_MS - RECOVERED_MS;
  let recoveredAt = Number.POSITIVE_INFINITY;
  for (let at = last; at >= toMs && isFine(at); at -= BIN_MS) recoveredAt = at;
  return recoveredAt - toMs;
}
