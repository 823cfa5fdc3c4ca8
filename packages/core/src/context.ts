/** What travels with a call: how long it may take, whether it is still wanted, whose it is and which trace
 * it belongs to. Read it anywhere as `context.deadline`, `context.signal`, `context.tenant` …; it is kept in
 * AsyncLocalStorage, and `context.run` starts work under a changed copy. Outside any call there is no
 * deadline and nothing is cancelled. */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { type Cancellation, neverCancelled } from './cancellation.ts';
import { systemClock } from './clock.ts';

/** W3C trace context of the span that is running. https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly sampled: boolean;
  /** The `tracestate` header, passed on as it came. */
  readonly state?: string | undefined;
}

/** How much a call matters when not all can be served: `critical` is what keeps the platform in hand (health, orders to
 * stop), `user` is what somebody waits for, `batch` can be done later. */
export type Priority = 'critical' | 'user' | 'batch';

/** What somebody else wrote, as a priority: whatever is unknown is `user`. */
export function parsePriority(text: string | undefined): Priority {
  return text === 'critical' || text === 'batch' ? text : 'user';
}

export interface ContextValues {
  /** When an answer is no longer wanted, on the monotonic clock (`performance.now()`); Infinity when never. */
  readonly deadline: number;
  readonly cancellation: Cancellation;
  readonly trace: TraceContext | undefined;
  /** W3C baggage: small values that cross every hop. Never a secret. */
  readonly baggage: ReadonlyMap<string, string> | undefined;
  readonly tenant: string | undefined;
  /** Who acts, as identity established it. */
  readonly actor: string | undefined;
  readonly requestId: string | undefined;
  /** Inherited by all calls below. Default `user`. */
  readonly priority: Priority;
}

const root: ContextValues = {
  deadline: Number.POSITIVE_INFINITY,
  cancellation: neverCancelled,
  trace: undefined,
  baggage: undefined,
  tenant: undefined,
  actor: undefined,
  requestId: undefined,
  priority: 'user',
};

const storage = new AsyncLocalStorage<ContextValues>();
/** Where nothing was entered yet. */
const outside = new AsyncResource('goblin');

export const context = {
  get current(): ContextValues {
    return storage.getStore() ?? root;
  },
  get deadline(): number {
    return context.current.deadline;
  },
  get signal(): AbortSignal {
    return context.current.cancellation.signal;
  },
  get trace(): TraceContext | undefined {
    return context.current.trace;
  },
  get baggage(): ReadonlyMap<string, string> | undefined {
    return context.current.baggage;
  },
  get tenant(): string | undefined {
    return context.current.tenant;
  },
  get actor(): string | undefined {
    return context.current.actor;
  },
  get requestId(): string | undefined {
    return context.current.requestId;
  },
  get priority(): Priority {
    return context.current.priority;
  },

  /** Milliseconds left until the deadline; Infinity when there is none, 0 when it has passed. */
  timeLeft(): number {
    return Math.max(0, context.current.deadline - systemClock.now());
  },

  /** Runs `work` under the current context with some values changed. */
  run<T>(changes: Partial<ContextValues>, work: () => T): T {
    return storage.run({ ...context.current, ...changes }, work);
  },

  /** Runs `work` under exactly these values, made by a transport for a call that came in. */
  enter<T>(values: ContextValues, work: () => T): T {
    return storage.run(values, work);
  },

  /** The same for a call that came in from elsewhere, to which nothing of what runs now belongs: other values in
   * AsyncLocalStorage do not go along, which makes it half as expensive. */
  enterAfresh<T>(values: ContextValues, work: () => T): T {
    return outside.runInAsyncScope(() => {
      storage.enterWith(values);
      return work();
    });
  },

  /** Runs `work` outside any call: for background loops started from within one. */
  detach<T>(work: () => T): T {
    return storage.run(root, work);
  },
};

/** The context of nothing in particular, to build one from. */
export const rootContext: ContextValues = root;
