/** Lets only so many calls run at the same time, so that a slow dependency or a busy tenant takes a share and not
 * everything. After the bulkheads of "Release It!" (Nygard, 2007) and Hystrix's semaphores, with a short queue in
 * front, first come first served: waiting in it ends by the caller's cancellation or deadline, and who finds it full
 * fails at once with RESOURCE_EXHAUSTED. A stream runs until its last item, or until its reader has left.
 *
 * Defaults: 32 run and as many wait, all callers together. By Little's law 32 at once carry 640 calls a second of
 * 50 ms each, and who waits waits about as long as one call takes. A key is kept only while it has calls. */
import {
  type Call,
  context,
  type Filter,
  GoblinError,
  isGoblinError,
  type Metrics,
  waitWithin,
} from '@goblin/core';
import { type Caller, keyFunction } from './caller-key.ts';
import { DEFAULT_NAME, type FilterOptions } from './filter-options.ts';
import { isStream, untilEnded } from './stream-end.ts';

const DEFAULT_CONCURRENCY = 32;

export interface BulkheadOptions<Request> extends Omit<FilterOptions, 'clock'> {
  /** How many run at the same time, for each key. Default 32. */
  readonly concurrency?: number;
  /** How many wait, for each key. Default: as many as run. */
  readonly queue?: number;
  /** Whose calls, or which, share one bulkhead. Default `all`. */
  readonly per?: Caller | ((request: Request) => string);
}

/** The calls of one key. */
interface Compartment {
  running: number;
  /** Each takes over the place of a call that has ended. The first has waited longest. */
  readonly waiting: Set<() => void>;
}

/** @example compose([bulkhead({ concurrency: 8, name: 'acquirer' })], app.calls)
 * @throws INVALID_INPUT when a number is none. The filter rejects with RESOURCE_EXHAUSTED, CANCELED or
 * DEADLINE_EXCEEDED, and then the call never began. */
export function bulkhead<Request = Call, Response = unknown>(
  options: BulkheadOptions<Request> = {},
): Filter<Request, Response> {
  const { concurrency = DEFAULT_CONCURRENCY, queue = concurrency, name = DEFAULT_NAME } = options;
  mustBeWhole('concurrency', concurrency, 1);
  mustBeWhole('queue', queue, 0);
  const keyOf = keyFunction(options.per ?? 'all');
  const compartments = new Map<string, Compartment>();
  const meter = meterOf(name, options.metrics);

  /** Resolves when the call has a place. */
  async function wait(compartment: Compartment, leave: () => void): Promise<void> {
    const { waiting } = compartment;
    if (waiting.size >= queue) {
      meter.refused?.add();
      const message = `the bulkhead ${name} is full: ${concurrency} calls run and ${queue} wait`;
      throw new GoblinError('RESOURCE_EXHAUSTED', { message });
    }
    let take: () => void = () => {};
    const taken = new Promise<void>((resolve) => {
      take = resolve;
      waiting.add(take);
    });
    meter.waiting?.add(1);
    try {
      await waitWithin(context.current, taken);
    } catch (error) {
      // Who was given a place in the very moment passes it on.
      if (!waiting.delete(take)) leave();
      if (!isGoblinError(error, 'DEADLINE_EXCEEDED')) throw error;
      const message = `the deadline passed while the call waited for a place in the bulkhead ${name}`;
      throw new GoblinError('DEADLINE_EXCEEDED', { message, cause: error });
    } finally {
      meter.waiting?.add(-1);
    }
  }

  return async (request, next) => {
    const key = keyOf(request);
    let compartment = compartments.get(key);
    if (!compartment) {
      compartment = { running: 0, waiting: new Set() };
      compartments.set(key, compartment);
    }
    const leave = (): void => {
      const [first] = compartment.waiting;
      if (first) {
        compartment.waiting.delete(first);
        first();
      } else if (--compartment.running === 0) compartments.delete(key);
    };
    if (compartment.running < concurrency) compartment.running++;
    else await wait(compartment, leave);
    meter.running?.add(1);
    const end = (): void => {
      meter.running?.add(-1);
      leave();
    };
    try {
      const answer = await next(request);
      if (isStream(answer)) return untilEnded(answer, context.current.cancellation, end) as Response;
      end();
      return answer;
    } catch (error) {
      end();
      throw error;
    }
  };
}

function meterOf(name: string, metrics: Metrics | undefined) {
  const calls = metrics?.gauge('bulkhead_calls', {
    help: 'Calls at a bulkhead, by state.',
    labels: ['filter', 'state'],
  });
  const refused = metrics?.counter('bulkhead_refused_total', {
    help: 'Calls refused because a bulkhead and its queue were full.',
    labels: ['filter'],
  });
  return {
    running: calls?.with(name, 'running'),
    waiting: calls?.with(name, 'waiting'),
    refused: refused?.with(name),
  };
}

function mustBeWhole(what: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  const message = `${what} of a bulkhead is a whole number from ${least}, not ${value}`;
  throw new GoblinError('INVALID_INPUT', { message });
}
