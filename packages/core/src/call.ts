/** One call of a procedure, on either side of a wire. */
import { untilCancelled } from './cancellation.ts';
import { type ContextValues, context } from './context.ts';
import type { CallOptions, Client, Contract, Procedure } from './contract.ts';
import { cancelledError, deadlines, mustBegin, openScope, settleBy } from './deadline.ts';
import { milliseconds } from './duration.ts';
import type { Filter, Service } from './service.ts';

export interface Call {
  readonly procedure: Procedure;
  readonly input: unknown;
  /** Who is calling and how long it may take. Mostly that is not in here but the current context. Between parts of
   * the platform it goes along with the call, because to enter it for each of them would cost more than all that
   * they do; it is entered where the code of others begins: handlers and the filters of services. It was made for
   * this call alone, so whoever takes the call over may complete it. */
  readonly context?: CallContext | undefined;
  /** When it was made or came in (monotonic ms), for who would otherwise read the clock again. */
  readonly at?: number | undefined;
  /** Made by a plain route of the same service, whose request is counted itself. */
  readonly fromRoute?: boolean | undefined;
}

export type CallContext = { -readonly [Name in keyof ContextValues]: ContextValues[Name] };

/** Carries calls out. The answer of a unary procedure is its output, that of a streaming one an AsyncIterable
 * of outputs; both reject or throw GoblinErrors only. */
export type CallService = Service<Call, unknown>;
export type CallFilter = Filter<Call, unknown>;

/** The context that a call runs under. */
export function contextOf(call: Call): ContextValues {
  return call.context ?? context.current;
}

const contextual = new WeakSet<CallService>();

/** Says of a service that it reads the context from the call where that brings one, and that it settles each unary call
 * by that context's deadline and cancellation. Then `clientOf` leaves both to it. */
export function takesContext(service: CallService): CallService {
  contextual.add(service);
  return service;
}

/** The typed functions of a contract over a service that carries calls out. Each call gets the procedure's
 * deadline, or the caller's where that is sooner, and settles by then. */
export function clientOf<C extends Contract>(contract: C, service: CallService): Client<C> {
  const client: Record<string, unknown> = {};
  const unaryCall = contextual.has(service) ? callWithContext : callInContext;
  for (const procedure of Object.values<Procedure>(contract.procedures)) {
    const make = procedure.stream ? streamCall : unaryCall;
    client[procedure.name] = (input: unknown, options?: CallOptions) =>
      make(service, procedure, input, options);
  }
  return client as Client<C>;
}

function callInContext(
  service: CallService,
  procedure: Procedure,
  input: unknown,
  options: CallOptions | undefined,
): Promise<unknown> {
  const caller = context.current;
  try {
    const deadline = deadlineOf(procedure, caller, options, deadlines.clock.now());
    return settleBy(caller, deadline, () => service({ procedure, input }), options?.signal);
  } catch (error) {
    return Promise.reject(error);
  }
}

function callWithContext(
  service: CallService,
  procedure: Procedure,
  input: unknown,
  options: CallOptions | undefined,
): Promise<unknown> {
  if (options?.signal) return callInContext(service, procedure, input, options);
  const caller = context.current;
  try {
    const at = deadlines.clock.now();
    const deadline = deadlineOf(procedure, caller, options, at);
    mustBegin(caller, deadline, at);
    return service({ procedure, input, context: { ...caller, deadline }, at });
  } catch (error) {
    return Promise.reject(error);
  }
}

async function* streamCall(
  service: CallService,
  procedure: Procedure,
  input: unknown,
  options: CallOptions | undefined,
): AsyncGenerator<unknown, void, undefined> {
  const caller = context.current;
  const deadline = deadlineOf(procedure, caller, options, deadlines.clock.now());
  const scope = openScope(caller, deadline, options?.signal);
  const { cancellation } = scope.values;
  let items: AsyncIterator<unknown> | undefined;
  try {
    const answer = context.enter(scope.values, () => service({ procedure, input })) as Promise<
      AsyncIterable<unknown>
    >;
    items = (await untilCancelled(cancellation, answer))[Symbol.asyncIterator]();
    for (;;) {
      const next = await untilCancelled(
        cancellation,
        context.enter(scope.values, () => items!.next()),
      );
      if (next.done) return;
      yield next.value;
    }
  } finally {
    scope.close();
    // The consumer left, or it failed: whatever produces the items has nobody to produce for. Its clean-up is not
    // waited for, because a producer that hangs would hang the consumer too.
    cancellation.cancel(cancelledError(undefined));
    context.enter(scope.values, () => items?.return?.())?.catch(ignore);
  }
}

/** The error of a clean-up that nobody waits for. The producer's own side has logged it. */
function ignore(): void {}

function deadlineOf(
  procedure: Procedure,
  caller: ContextValues,
  options: CallOptions | undefined,
  now: number,
): number {
  const allowedMs = options?.deadline === undefined ? procedure.deadlineMs : milliseconds(options.deadline);
  return Math.min(caller.deadline, now + allowedMs);
}
