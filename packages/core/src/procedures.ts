/** The server side of a call, from decoded input to output: trace and metrics, deadline, validation, handler.
 * Transports end here; in-process calls begin here. */
import type { CallFilter, CallService } from './call.ts';
import { context } from './context.ts';
import type { Contract, Handlers, Procedure } from './contract.ts';
import { settleBy } from './deadline.ts';
import { errorRegistry, GoblinError } from './errors.ts';
import { parse } from './schema.ts';
import { compose } from './service.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { withTelemetry } from './telemetry/with-telemetry.ts';

/** The handlers of a contract as one service that carries its calls out. */
export function procedureService<C extends Contract>(
  contract: C,
  handlers: Handlers<C>,
  telemetry: Telemetry,
  filters: readonly CallFilter[] = [],
): CallService {
  return compose(
    [
      withTelemetry('server', telemetry),
      withDeclaredErrors(telemetry),
      withDeadline,
      withValidation,
      ...filters,
    ],
    handlerService(contract, handlers),
  );
}

function handlerService<C extends Contract>(contract: C, handlers: Handlers<C>): CallService {
  const functions = handlers as Readonly<Record<string, (input: unknown) => unknown>>;
  return async ({ procedure, input }) => {
    const handler = functions[procedure.name];
    if (!handler) {
      throw new GoblinError('UNIMPLEMENTED', {
        message: `${contract.name} has no procedure ${procedure.name}`,
      });
    }
    return handler(input);
  };
}

/** Settles by the deadline that came with the call. A stream's deadline is kept by the transport that reads it. */
const withDeadline: CallFilter = (call, next) => {
  const current = context.current;
  return call.procedure.stream ? next(call) : settleBy(current, current.deadline, () => next(call));
};

/** The handler sees parsed input; the caller sees nothing that the output schema does not declare. */
const withValidation: CallFilter = async (call, next) => {
  const { procedure } = call;
  const input = await parse(procedure.input, call.input, 'INVALID_INPUT', `the input of ${procedure.path}`);
  const output = await next({ procedure, input });
  return procedure.stream
    ? parsedItems(procedure, output as AsyncIterable<unknown>)
    : parse(procedure.output, output, 'INTERNAL', `the output of ${procedure.path}`);
};

async function* parsedItems(procedure: Procedure, items: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  for await (const item of items)
    yield await parse(procedure.output, item, 'INTERNAL', `an item of ${procedure.path}`);
}

/** A caller sees the codes that the contract declares and the platform's own. Anything else that a handler
 * throws is a fault of the service: logged whole here, told to the caller as INTERNAL. */
function withDeclaredErrors(telemetry: Telemetry): CallFilter {
  const translate = (procedure: Procedure, error: unknown): GoblinError => {
    if (error instanceof GoblinError && isDeclared(procedure, error.code)) return error;
    telemetry.log.error({ err: error, procedure: procedure.path }, `${procedure.path} failed unexpectedly`);
    return new GoblinError('INTERNAL', { cause: error });
  };
  return async (call, next) => {
    try {
      const output = await next(call);
      return call.procedure.stream
        ? translated(output as AsyncIterable<unknown>, (e) => translate(call.procedure, e))
        : output;
    } catch (error) {
      throw translate(call.procedure, error);
    }
  };
}

async function* translated(
  items: AsyncIterable<unknown>,
  translate: (error: unknown) => GoblinError,
): AsyncGenerator<unknown> {
  try {
    yield* items;
  } catch (error) {
    throw translate(error);
  }
}

function isDeclared(procedure: Procedure, code: string): boolean {
  return Object.hasOwn(errorRegistry, code) || procedure.errors.includes(code);
}
