/** The caller's side of a call: it is measured and gets done by some instance that answers its contract.
 *
 * A unary call makes one promise, the caller's own; everything between it and the wire tells outcomes. */
import {
  type Call,
  type CallContext,
  CallMeter,
  type CallService,
  compose,
  context,
  contextOf,
  MeasuredCall,
  type Telemetry,
  takesContext,
  withTelemetry,
} from '@goblin/core';
import { type OpenStream, openStream } from './balance/open-stream.ts';
import type { Directory } from './discovery/directory.ts';
import { type Dispatcher, type Outcome, type Target, tellOutcome, type Work } from './dispatcher.ts';
import type { Peer } from './peer.ts';
import type { Transport } from './transport.ts';

export interface DispatchedCallsOptions {
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly transport: Transport;
  readonly telemetry: Telemetry;
}

/** Carries a call to some instance that answers its contract, with trace, metrics, retries and balancing. */
export function dispatchedCalls(options: DispatchedCallsOptions): CallService {
  const { directory, dispatcher, transport, telemetry } = options;
  const meter = new CallMeter('client', telemetry);
  const targets = new Map<string, Target>();

  function targetOf(contract: string): Target {
    let target = targets.get(contract);
    if (!target) {
      target = { name: contract, candidates: () => directory.answering(contract) };
      targets.set(contract, target);
    }
    return target;
  }

  function unary(call: Call): Promise<unknown> {
    const own = call.context ? call : { ...call, context: { ...context.current } };
    return new Promise((resolve, reject) => {
      const work = new UnaryWork(meter, transport, own as OwnCall, resolve, reject);
      dispatcher.begin(targetOf(call.procedure.contract), work);
    });
  }

  /** Until its first item has come it is tried elsewhere; from then on it is its peer's. */
  async function stream(call: Call): Promise<unknown> {
    const { contract, idempotent, path: procedure } = call.procedure;
    const open = (peer: Peer): Promise<OpenStream> => openStream(() => transport.call(peer, call));
    const opened = await dispatcher.dispatch(targetOf(contract), { idempotent, procedure, finished }, open);
    return opened.items;
  }

  const streams = compose([withTelemetry('client', telemetry)], stream);
  return takesContext((call) => {
    if (!call.procedure.stream) return unary(call);
    const { procedure, input } = call;
    return context.enter(contextOf(call), () => streams({ procedure, input }));
  });
}

function finished(opened: OpenStream): Promise<void> {
  return opened.ended;
}

/** A call that brings its context. */
type OwnCall = Call & { readonly context: CallContext };

/** One unary call, measured around all its attempts. */
class UnaryWork extends MeasuredCall implements Work<unknown> {
  readonly idempotent: boolean;
  readonly procedure: string;
  readonly finished = undefined;
  readonly context: CallContext;
  readonly at: number | undefined;
  readonly #transport: Transport;
  readonly #call: Call;
  readonly #resolve: (output: unknown) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    meter: CallMeter,
    transport: Transport,
    call: OwnCall,
    resolve: (output: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super(meter, call.procedure, call.context.trace, call.at);
    call.context.trace = this.trace;
    this.idempotent = call.procedure.idempotent;
    this.procedure = call.procedure.path;
    this.context = call.context;
    this.at = call.at;
    this.#transport = transport;
    this.#call = call;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  attempt(peer: Peer, values: CallContext, outcome: Outcome<unknown>): void {
    const transport = this.#transport;
    const call = values === this.context ? this.#call : { ...this.#call, context: values };
    if (transport.begin) transport.begin(peer, call, outcome);
    else tellOutcome(values, () => transport.call(peer, call), outcome);
  }

  succeeded(output: unknown, at: number | undefined): void {
    this.measureSuccess(at);
    this.#resolve(output);
  }

  failed(error: unknown): void {
    this.measureFailure(error);
    this.#reject(error);
  }
}
