/** One span, one duration and one outcome per call. This stands in every call's way, so it reads the clock twice at
 * most and keeps bound what does not change per procedure: attributes, and the series of each outcome. Calls that do not end
 * are seen while they run (stalls.ts); streams are not among them, which last. */
import type { TraceContext } from '../context.ts';
import type { Procedure } from '../contract.ts';
import { errorEntry, errorRegistry, GoblinError } from '../errors.ts';
import type { Histogram, Labelled } from './metrics.ts';
import { type Running, type RunningWork, stallsOf } from './stalls.ts';
import type { Telemetry } from './telemetry.ts';
import type { Attributes, Span, Tracer } from './tracer.ts';

const FIRST_SERVER_FAULT = 500;

export type Side = 'server' | 'client';

/** Measures the calls of one side. The names are those of OpenTelemetry's RPC conventions, which has
 * rpc.{server,client}.call.duration. */
export class CallMeter {
  readonly side: Side;
  readonly #tracer: Tracer;
  readonly #durations: Labelled<Histogram>;
  readonly #stalls: ReturnType<typeof stallsOf>;
  readonly #procedures = new WeakMap<Procedure, MeasuredProcedure>();
  readonly #fromRoutes = new WeakMap<Procedure, MeasuredProcedure>();

  constructor(side: Side, { tracer, metrics }: Telemetry) {
    this.side = side;
    this.#tracer = tracer;
    this.#durations = metrics.histogram(`rpc_${side}_call_duration_seconds`, {
      help:
        side === 'server'
          ? 'Time this instance took to answer a call.'
          : 'Time a call took as its caller saw it, retries included.',
      labels: ['service', 'procedure', 'outcome', ...(side === 'server' ? ['caller'] : [])],
    });
    this.#stalls = stallsOf(metrics, { prefix: `rpc_${side}`, things: 'calls', label: 'service' });
  }

  get tracer(): Tracer {
    return this.#tracer;
  }

  /** What is kept for a procedure. @param fromRoute of calls that the service's own plain routes make */
  of(procedure: Procedure, fromRoute = false): MeasuredProcedure {
    const known = fromRoute ? this.#fromRoutes : this.#procedures;
    let measured = known.get(procedure);
    if (!measured) {
      const running = procedure.stream ? undefined : this.#stalls.of(procedure.contract);
      const caller = this.side === 'client' ? [] : [fromRoute ? 'route' : 'peer'];
      measured = new MeasuredProcedure(this.side, procedure, this.#durations, caller, running);
      known.set(procedure, measured);
    }
    return measured;
  }
}

/** What stays the same from call to call of a procedure. */
class MeasuredProcedure {
  readonly side: Side;
  readonly procedure: Procedure;
  readonly spanName: string;
  readonly attributes: Attributes;
  /** Of all procedures of the contract; streams have none. */
  readonly running: RunningWork | undefined;
  readonly #durations: Labelled<Histogram>;
  /** The last label, where there is one. */
  readonly #caller: readonly string[];
  readonly #outcomes = new Map<string, Histogram>();
  #ok: Histogram | undefined;

  constructor(
    side: Side,
    procedure: Procedure,
    durations: Labelled<Histogram>,
    caller: readonly string[],
    running: RunningWork | undefined,
  ) {
    this.side = side;
    this.procedure = procedure;
    this.spanName = procedure.path.slice(1);
    this.attributes = { 'rpc.system.name': 'connectrpc', 'rpc.method': this.spanName };
    this.#durations = durations;
    this.#caller = caller;
    this.running = running;
  }

  get ok(): Histogram {
    this.#ok ??= this.outcome('ok');
    return this.#ok;
  }

  outcome(outcome: string): Histogram {
    let duration = this.#outcomes.get(outcome);
    if (!duration) {
      duration = this.#durations.with(this.procedure.contract, this.procedure.name, outcome, ...this.#caller);
      this.#outcomes.set(outcome, duration);
    }
    return duration;
  }
}

/** A call that is being measured, until whoever makes it says how it ended: once. */
export class MeasuredCall {
  readonly #measured: MeasuredProcedure;
  readonly #span: Span;
  readonly #startMs: number;
  readonly #running: Running | undefined;

  /** It begins below the span of `parent` where there is one.
   * @param startMs when, for who has read the clock already.
   * @param fromRoute see Call */
  constructor(
    meter: CallMeter,
    procedure: Procedure,
    parent: TraceContext | undefined,
    startMs: number = performance.now(),
    fromRoute?: boolean,
  ) {
    const measured = meter.of(procedure, fromRoute);
    const { spanName, attributes } = measured;
    const options = { kind: meter.side, parent: parent ?? null, attributes, startMs };
    this.#measured = measured;
    this.#span = meter.tracer.start(spanName, options);
    this.#startMs = startMs;
    this.#running = measured.running?.begin(startMs);
  }

  /** The span as the current one for what runs below. */
  get trace(): TraceContext {
    return this.#span.context;
  }

  /** @param endMs when, for who has read the clock already. */
  measureSuccess(endMs: number = performance.now()): void {
    this.#end(this.#measured.ok, endMs);
  }

  measureFailure(error: unknown): void {
    const { side, procedure } = this.#measured;
    const outcome = outcomeOf(procedure, error);
    this.#span.set('error.type', outcome);
    if (side === 'client' || errorEntry(outcome).status >= FIRST_SERVER_FAULT) this.#span.fail(error);
    this.#end(this.#measured.outcome(outcome), performance.now());
  }

  #end(duration: Histogram, endMs: number): void {
    if (this.#running) this.#measured.running?.end(this.#running);
    duration.record((endMs - this.#startMs) / 1_000, this.#span.context);
    this.#span.end(endMs);
  }
}

/** The codes that a contract declares and the platform's own, so that a peer cannot make up series. */
function outcomeOf(procedure: Procedure, error: unknown): string {
  if (!(error instanceof GoblinError)) return 'INTERNAL';
  const isKnown = Object.hasOwn(errorRegistry, error.code) || procedure.errors.includes(error.code);
  return isKnown ? error.code : 'other';
}
