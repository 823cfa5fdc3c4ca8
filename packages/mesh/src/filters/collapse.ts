/** Lets identical calls that come while one is under way wait for its answer rather than run too (request collapsing,
 * after Hystrix and Varnish; core's single-flight.ts says how). A hundred callers of a slow read cost one.
 *
 * Defaults: only calls of procedures with `get: true` are shared; others that only read are named by
 * `key: readKey('quote')`. Only callers of the same tenant and actor share: nobody gets an answer that was made for
 * another. It keeps nothing once a call has ended. What else an answer depends on, such as baggage, belongs into the
 * key. */
import { type Call, type CallFilter, type Filter, SingleFlight } from '@goblin/core';
import { type Caller, callerKey } from './caller-key.ts';
import { DEFAULT_NAME, type FilterOptions } from './filter-options.ts';
import { type KeyOf, readKey } from './read-key.ts';

export interface CollapseOptions<Request> extends Omit<FilterOptions, 'clock'> {
  /** Calls with the same key are the same; those without one are left alone. Default `readKey()`. */
  readonly key?: KeyOf<Request>;
  /** Who shares with whom. Default `caller`. */
  readonly per?: Caller;
}

/** For calls, or by a key of your own for requests of any kind, whose answers are plain data.
 * @example serve(tax, handlers, { filters: [collapse({ key: readKey('quote') })] }) */
export function collapse<Request, Response>(
  options: CollapseOptions<Request> & { readonly key: KeyOf<Request> },
): Filter<Request, Response>;
export function collapse(options?: CollapseOptions<Call>): CallFilter;
export function collapse({
  key = readKey(),
  per = 'caller',
  name = DEFAULT_NAME,
  metrics,
}: CollapseOptions<Call> = {}): CallFilter {
  const flights = new SingleFlight();
  const collapsed = metrics
    ?.counter('collapsed_calls_total', {
      help: 'Calls that waited for the answer of an identical one rather than run too.',
      labels: ['filter'],
    })
    .with(name);
  const joined = collapsed && ((): void => collapsed.add());
  return async (call, next) => {
    const its = key(call);
    return its === undefined ? next(call) : flights.join(callerKey(per, its), () => next(call), joined);
  };
}
