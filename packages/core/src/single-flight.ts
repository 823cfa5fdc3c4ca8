/** Work that several callers wait for and that is done once: single flight, as Go's `singleflight` and Groupcache call
 * it. The work runs under a context of its own, with the tenant, actor and trace of who began it.
 *
 * A caller that leaves, by its cancellation or deadline, takes nobody with it; when all have left the work is
 * cancelled. Its deadline is the longest of those who wait. Where work that had begun for a shorter one ends by that,
 * who has time left begins anew, together. Who joined gets a copy of the answer, so that nobody changes it under
 * another; a failure is the same for all. */
import type { CallContext } from './call.ts';
import { Cancellation } from './cancellation.ts';
import { type ContextValues, context } from './context.ts';
import { deadlines, mustBegin } from './deadline.ts';
import { GoblinError, isGoblinError } from './errors.ts';
import { waitWithin } from './wait-within.ts';

interface Flight {
  readonly values: CallContext;
  /** That of who began it. */
  readonly firstDeadline: number;
  readonly answer: Promise<unknown>;
  waiting: number;
  /** The answer has come, or nobody waits for it: nobody joins it from now on. */
  isOver: boolean;
}

export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  /** Whether work of this key is under way. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** @param joined is called when the work of another caller is waited for.
   * @throws what the work fails with; CANCELED, DEADLINE_EXCEEDED of this caller */
  async join<T>(key: string, work: () => Promise<T>, joined?: () => void): Promise<T> {
    const caller = context.current;
    mustBegin(caller, caller.deadline, deadlines.clock.now());
    const running = this.#flights.get(key);
    if (!running) return (await this.#wait(key, this.#begin(key, caller, work), caller)) as T;
    joined?.();
    running.values.deadline = Math.max(running.values.deadline, caller.deadline);
    try {
      return copyOf((await this.#wait(key, running, caller)) as T);
    } catch (error) {
      const ranOut = isGoblinError(error, 'DEADLINE_EXCEEDED') && running.firstDeadline < caller.deadline;
      if (ranOut && deadlines.clock.now() < caller.deadline) return this.join(key, work);
      throw error;
    }
  }

  #begin(key: string, caller: ContextValues, work: () => Promise<unknown>): Flight {
    const values: CallContext = { ...caller, cancellation: new Cancellation() };
    const answer = context.enter(values, async () => work());
    const flight: Flight = { values, firstDeadline: caller.deadline, answer, waiting: 0, isOver: false };
    this.#flights.set(key, flight);
    const end = (): void => this.#end(key, flight);
    answer.then(end, end);
    return flight;
  }

  async #wait(key: string, flight: Flight, caller: ContextValues): Promise<unknown> {
    flight.waiting++;
    try {
      return await waitWithin(caller, flight.answer);
    } finally {
      if (--flight.waiting === 0 && !flight.isOver) {
        this.#end(key, flight);
        const message = 'nobody waits for the answer any more';
        flight.values.cancellation.cancel(new GoblinError('CANCELED', { message }));
      }
    }
  }

  #end(key: string, flight: Flight): void {
    flight.isOver = true;
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

/** @throws INTERNAL for what cannot be copied, such as functions */
function copyOf<T>(answer: T): T {
  try {
    return structuredClone(answer);
  } catch (error) {
    const message = 'this answer cannot be shared between callers: it is not plain data';
    throw new GoblinError('INTERNAL', { message, cause: error });
  }
}
