/** The server side of a call, from decoded input to output: trace and metrics, deadline, validation, handler.
 * Transports end here; in-process calls begin here. */
import type { Call, CallFilter, CallService } from './call.ts';
import type { Contract, Handlers, Procedure } from './contract.ts';
import { errorRegistry, GoblinError } from './errors.ts';
import { parse } from './schema.ts';
import { compose } from './service.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { withTelemetry } from './telemetry/with-telemetry.ts';
import { UnaryProcedures } from './unary-procedures.ts';

/** The procedures of a contract, as a service that carries its calls out. */
export interface ProcedureService extends CallService {
  /** The same for a unary call, but an answer that is there at once comes without a promise, and an error is thrown. */
  answer(call: Call): unknown;
}

/** Asks a service for an answer, without a promise where it can do so. Throws, or rejects, as the service would. */
export function answersOf(service: CallService): (call: Call) => unknown {
  return 'answer' in service ? (service as ProcedureService).answer : service;
}

/** The handlers of a contract as one service that carries its calls out. */
export function procedureService<C extends Contract>(
  contract: C,
  handlers: Handlers<C>,
  telemetry: Telemetry,
  filters: readonly CallFilter[] = [],
): ProcedureService {
  const handle = handlerOf(contract, handlers);
  const handled = compose<Call, unknown>(filters, async (call) => handle(call));
  const translate = errorTranslation(telemetry);
  const unary = new UnaryProcedures(telemetry, translate, filters.length > 0 ? handled : handle);
  const streams = compose<Call, unknown>(
    [withTelemetry('server', telemetry), withStream(translate)],
    handled,
  );
  return Object.assign((call: Call) => (call.procedure.stream ? streams(call) : unary.call(call)), {
    answer: (call: Call) => unary.answer(call),
  });
}

function handlerOf<C extends Contract>(contract: C, handlers: Handlers<C>): (call: Call) => unknown {
  const functions = handlers as Readonly<Record<string, (input: unknown) => unknown>>;
  return ({ procedure, input }) => {
    const handler = functions[procedure.name];
    if (handler) return handler(input);
    throw new GoblinError('UNIMPLEMENTED', {
      message: `${contract.name} has no procedure ${procedure.name}`,
    });
  };
}

/** Checks the input and each item, and translates what the handler or its generator throws. The stream's deadline is
 * kept by the transport that reads it. */
function withStream(translate: ErrorTranslation): CallFilter {
  return async ({ procedure, input }, next) => {
    try {
      const checked = await parse(procedure.input, input, 'INVALID_INPUT', `the input of ${procedure.path}`);
      const items = (await next({ procedure, input: checked })) as AsyncIterable<unknown>;
      return checkedItems(procedure, items, translate);
    } catch (error) {
      throw translate(procedure, error);
    }
  };
}

async function* checkedItems(
  procedure: Procedure,
  items: AsyncIterable<unknown>,
  translate: ErrorTranslation,
): AsyncGenerator<unknown> {
  try {
    for await (const item of items)
      yield await parse(procedure.output, item, 'INTERNAL', `an item of ${procedure.path}`);
  } catch (error) {
    throw translate(procedure, error);
  }
}

export type ErrorTranslation = (procedure: Procedure, thrown: unknown) => GoblinError;

/** A caller sees the codes that the contract declares and the platform's own. Anything else that a handler
 * throws is a fault of the service: logged whole here, told to the caller as INTERNAL. */
function errorTranslation({ log }: Telemetry): ErrorTranslation {
  return (procedure, thrown) => {
    if (thrown instanceof GoblinError && isDeclared(procedure, thrown.code)) return thrown;
    log.error({ err: thrown, procedure: procedure.path }, `${procedure.path} failed unexpectedly`);
    return new GoblinError('INTERNAL', { cause: thrown });
  };
}

function isDeclared(procedure: Procedure, code: string): boolean {
  return Object.hasOwn(errorRegistry, code) || procedure.errors.includes(code);
}
