/** Carries out calls with one answer: span and duration, deadline, validation of input and output, and in between the
 * handler, whose errors are translated. It is all one step, because a promise and a context for each part would cost
 * more than the parts; an answer that is there at once needs no promise and no watch on its deadline at all. */
import type { Call } from './call.ts';
import { Cancellation } from './cancellation.ts';
import { context } from './context.ts';
import type { Procedure } from './contract.ts';
import { deadlines, mustBegin, settleBegun } from './deadline.ts';
import type { ErrorTranslation } from './procedures.ts';
import { accept, type Checked, check } from './schema.ts';
import { CallMeter, MeasuredCall } from './telemetry/call-meter.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

export class UnaryProcedures {
  readonly #meter: CallMeter;
  readonly #translate: ErrorTranslation;
  readonly #handle: (call: Call) => unknown;

  /** @param handle answers calls whose input was checked: with the output or with a promise of it. */
  constructor(telemetry: Telemetry, translate: ErrorTranslation, handle: (call: Call) => unknown) {
    this.#meter = new CallMeter('server', telemetry);
    this.#translate = translate;
    this.#handle = handle;
  }

  /** Settles when the handler does, when the call is cancelled or when its deadline passes; in the last two cases
   * the handler sees its signal aborted. */
  async call(call: Call): Promise<unknown> {
    return this.answer(call);
  }

  /** The same, but an answer that is there at once comes without a promise, and an error is thrown. */
  answer(call: Call): unknown {
    const { procedure } = call;
    const at = call.at ?? deadlines.clock.now();
    const values = call.context ?? { ...context.current };
    const caller = values.cancellation;
    const measured = new MeasuredCall(this.#meter, procedure, values.trace, at, call.fromRoute);
    const cancellation = new Cancellation();
    try {
      mustBegin(values, values.deadline, at);
      values.trace = measured.trace;
      values.cancellation = cancellation;
      const begun = call.context
        ? context.enterAfresh(values, () => this.#begin(call))
        : context.enter(values, () => this.#begin(call));
      if (begun instanceof Promise) {
        const settling = settleBegun(caller, values, at, begun);
        return this.#finish(procedure, measured, cancellation, settling);
      }
      measured.measureSuccess();
      return begun;
    } catch (thrown) {
      throw this.#failed(procedure, measured, cancellation, thrown);
    }
  }

  async #finish(
    procedure: Procedure,
    measured: MeasuredCall,
    work: Cancellation,
    settling: Promise<unknown>,
  ): Promise<unknown> {
    try {
      const output = await settling;
      measured.measureSuccess();
      return output;
    } catch (thrown) {
      throw this.#failed(procedure, measured, work, thrown);
    }
  }

  #failed(procedure: Procedure, measured: MeasuredCall, work: Cancellation, thrown: unknown): unknown {
    const error = this.#translate(procedure, thrown);
    // What is still under way below failed work has nobody to be for.
    work.cancel(error);
    measured.measureFailure(error);
    return error;
  }

  /** The handler sees parsed input; the caller sees nothing that the output schema does not declare. */
  #begin({ procedure, input }: Call): unknown {
    const checked = check(procedure.input, input);
    return checked instanceof Promise
      ? checked.then((it) => this.#run(procedure, acceptInput(procedure, it)))
      : this.#run(procedure, acceptInput(procedure, checked));
  }

  #run(procedure: Procedure, input: unknown): unknown {
    const output = this.#handle({ procedure, input });
    return isThenable(output)
      ? Promise.resolve(output).then((it) => checkedOutput(procedure, it))
      : checkedOutput(procedure, output);
  }
}

/** Mostly there is nothing to say, and then no words are made for it. */
function acceptInput(procedure: Procedure, checked: Checked<unknown>): unknown {
  return checked.problems
    ? accept(checked, 'INVALID_INPUT', `the input of ${procedure.path}`)
    : checked.value;
}

function checkedOutput(procedure: Procedure, output: unknown): unknown {
  const checked = check(procedure.output, output);
  return checked instanceof Promise
    ? checked.then((it) => acceptOutput(procedure, it))
    : acceptOutput(procedure, checked);
}

function acceptOutput(procedure: Procedure, checked: Checked<unknown>): unknown {
  return checked.problems ? accept(checked, 'INTERNAL', `the output of ${procedure.path}`) : checked.value;
}

/** A handler may answer with anything that `await` takes, such as a query that runs when it is awaited. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
  );
}
