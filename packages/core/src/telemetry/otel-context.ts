/** The API's context manager and propagator, joined with our context: a span that becomes active there is the current
 * one here and the reverse, and so for baggage. The API's context may hold more (keys of other libraries): it is kept
 * beside ours and used as long as our trace and baggage are those that it was entered with. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type * as otel from '@opentelemetry/api';
import { context, type TraceContext } from '../context.ts';
import { BAGGAGE, formatBaggage, parseBaggage } from './baggage.ts';
import type { SpanTranslator } from './otel-span.ts';
import { formatTraceparent, parseTrace, TRACEPARENT, TRACESTATE } from './propagation.ts';

type Baggage = ReadonlyMap<string, string>;

interface Entered {
  readonly context: otel.Context;
  readonly trace: TraceContext | undefined;
  readonly baggage: Baggage | undefined;
}

/** Event emitters are not bound: listeners run in the context that emits, as with AsyncLocalStorage itself. */
export function joinedContextManager(api: typeof otel, translator: SpanTranslator): otel.ContextManager {
  const storage = new AsyncLocalStorage<Entered>();

  function active(): otel.Context {
    const entered = storage.getStore();
    const { trace, baggage } = context.current;
    if (entered && entered.trace === trace && entered.baggage === baggage) return entered.context;
    const base = entered?.context ?? api.ROOT_CONTEXT;
    const traced = trace ? api.trace.setSpan(base, translator.spanOf(trace)) : api.trace.deleteSpan(base);
    return withBaggage(api, traced, baggage);
  }

  function enter<T>(entering: otel.Context, work: () => T): T {
    const trace = translator.traceOf(api.trace.getSpan(entering));
    const baggage = baggageOf(api, entering);
    return storage.run({ context: entering, trace, baggage }, () => context.run({ trace, baggage }, work));
  }

  const manager: otel.ContextManager = {
    active,
    with: (entering, work, thisArg, ...args) => enter(entering, () => work.call(thisArg!, ...args)),
    bind<T>(entering: otel.Context, target: T): T {
      if (typeof target !== 'function') return target;
      const bound = function (this: unknown, ...args: unknown[]): unknown {
        return enter(entering, () => target.apply(this, args));
      };
      return bound as T;
    },
    enable: () => manager,
    disable() {
      storage.disable();
      return manager;
    },
  };
  return manager;
}

/** W3C trace context and baggage, in and out of other libraries' carriers. */
export function joinedPropagator(api: typeof otel, translator: SpanTranslator): otel.TextMapPropagator {
  return {
    inject(from, carrier, setter) {
      const trace = translator.traceOf(api.trace.getSpan(from));
      if (trace) setter.set(carrier, TRACEPARENT, formatTraceparent(trace));
      if (trace?.state) setter.set(carrier, TRACESTATE, trace.state);
      const baggage = formatBaggage(baggageOf(api, from));
      if (baggage) setter.set(carrier, BAGGAGE, baggage);
    },
    extract(into, carrier, getter) {
      const header = (name: string): string | undefined => {
        const value = getter.get(carrier, name);
        return Array.isArray(value) ? value.join(',') : value;
      };
      const trace = parseTrace(header(TRACEPARENT), header(TRACESTATE));
      const traced = trace ? api.trace.setSpan(into, translator.spanOf(trace)) : into;
      const baggage = parseBaggage(header(BAGGAGE));
      return baggage ? withBaggage(api, traced, baggage) : traced;
    },
    fields: () => [TRACEPARENT, TRACESTATE, BAGGAGE],
  };
}

function withBaggage(api: typeof otel, base: otel.Context, baggage: Baggage | undefined): otel.Context {
  if (!baggage) return api.propagation.getBaggage(base) ? api.propagation.deleteBaggage(base) : base;
  const entries = Array.from(baggage, ([key, value]) => [key, { value }] as const);
  const made = api.propagation.createBaggage(Object.fromEntries(entries));
  translated.set(made, baggage);
  return api.propagation.setBaggage(base, made);
}

function baggageOf(api: typeof otel, from: otel.Context): Baggage | undefined {
  const baggage = api.propagation.getBaggage(from);
  if (!baggage) return undefined;
  let ours = translated.get(baggage);
  if (!ours) {
    ours = new Map(baggage.getAllEntries().map(([key, { value }]) => [key, value]));
    translated.set(baggage, ours);
  }
  return ours;
}

const translated = new WeakMap<otel.Baggage, Baggage>();
