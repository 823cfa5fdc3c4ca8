/** One call of a procedure, on either side of a wire. Who is calling and how long it may take is not in
 * here: that is the context. */
import { untilCancelled } from './cancellation.ts';
import { type ContextValues, context } from './context.ts';
import type { CallOptions, Client, Contract, Procedure } from './contract.ts';
import { cancelledError, deadlines, openScope, settleBy } from './deadline.ts';
import { milliseconds } from './duration.ts';
import type { Filter, Service } from './service.ts';

export interface Call {
  readonly procedure: Procedure;
  readonly input: unknown;
}

/** Carries calls out. The answer of a unary procedure is its output, that of a streaming one an AsyncIterable
 * of outputs; both reject or throw GoblinErrors only. */
export type CallService = Service<Call, unknown>;
export type CallFilter = Filter<Call, unknown>;

/** The typed functions of a contract over a service that carries calls out. Each call gets the procedure's
 * deadline, or the caller's where that is sooner, and settles by then. */
export function clientOf<C extends Contract>(contract: C, service: CallService): Client<C> {
  const client: Record<string, unknown> = {};
  for (const procedure of Object.values<Procedure>(contract.procedures)) {
    client[procedure.name] = procedure.stream
      ? (input: unknown, options?: CallOptions) => streamCall(service, { procedure, input }, options)
      : (input: unknown, options?: CallOptions) => unaryCall(service, { procedure, input }, options);
  }
  return client as Client<C>;
}

function unaryCall(service: CallService, call: Call, options: CallOptions | undefined): Promise<unknown> {
  const caller = context.current;
  try {
    return settleBy(caller, deadlineOf(call, caller, options), () => service(call), options?.signal);
  } catch (error) {
    return Promise.reject(error);
  }
}

async function* streamCall(
  service: CallService,
  call: Call,
  options: CallOptions | undefined,
): AsyncGenerator<unknown, void, undefined> {
  const caller = context.current;
  const scope = openScope(caller, deadlineOf(call, caller, options), options?.signal);
  const { cancellation } = scope.values;
  let items: AsyncIterator<unknown> | undefined;
  try {
    const answer = context.enter(scope.values, () => service(call)) as Promise<AsyncIterable<unknown>>;
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

function deadlineOf(call: Call, caller: ContextValues, options: CallOptions | undefined): number {
  const allowedMs =
    options?.deadline === undefined ? call.procedure.deadlineMs : milliseconds(options.deadline);
  return Math.min(caller.deadline, deadlines.clock.now() + allowedMs);
}
