/** Tells people, whatever happens in between. A message is written to the outbox in the transaction of what it tells, and sent from
 * there. A process that is killed has lost nothing: what waits is sent by the next one, and a message whose receipt was not written
 * down is sent again with the same key. See queues.ts for what is bounded and queue-worker.ts for what happens on failure. */
import { type Clock, context, GoblinError, type Logger, type Metrics } from '@goblin/core';
import type { StateDatabase } from '../state/state-database.ts';
import { createBell } from './bell.ts';
import { deliveryMetrics } from './delivery-metrics.ts';
import type { Message } from './message.ts';
import type { Notifier } from './notifier.ts';
import { type DeadDelivery, openOutbox } from './outbox.ts';
import { GIVE_UP_MS, QueueWorker, sendWithin } from './queue-worker.ts';
import { createQueues } from './queues.ts';
import { defaultRoutes, targetsOf } from './routing.ts';
import type { Route } from './settings.ts';

const HOUSEKEEPING_MS = 60_000;
const MAX_DEAD_SHOWN = 50;

export interface NotifierStatus {
  readonly name: string;
  readonly kind: string;
  readonly state: 'untried' | 'ok' | 'failing';
  /** What went wrong last, while it fails. */
  readonly error?: string;
  readonly failingSinceMs?: number;
  readonly lastSentMs?: number;
  readonly waiting: number;
  /** Of the last 30 days. */
  readonly dead: number;
}

export interface Deliveries {
  /** Writes it to the outbox, within the transaction of the caller. Key and thread are unique within this database; one that was
   * told before is not told again. */
  tell(message: Message): void;
  /** Takes other notifiers and routes; what waits goes by these. */
  configure(settings: DeliverySettings): void;
  /** Sends until it is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  status(): readonly NotifierStatus[];
  /** Those that were given up, the newest first. */
  dead(): readonly DeadDelivery[];
  /** Sends a test past the queue. Rejects with NOT_FOUND, DEADLINE_EXCEEDED, and what the notifier says. */
  test(name: string, signal: AbortSignal): Promise<void>;
}

export interface DeliverySettings {
  readonly notifiers: readonly Notifier[];
  /** Default: pages and tickets go to the first notifier, the others stand in for it. */
  readonly routes?: readonly Route[];
}

export interface DeliveriesOptions extends Partial<DeliverySettings> {
  readonly state: StateDatabase;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** From 0 to 1, for the pauses between attempts. */
  readonly random?: () => number;
}

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { state, clock, log, metrics, random = Math.random } = options;
  const outbox = openOutbox(state);
  const measured = deliveryMetrics(metrics, () =>
    [...queues.notifiers.keys()].map((name) => [name, outbox.backlog(name)]),
  );
  const queues = createQueues({ state, outbox, clock, log, measured });
  const workers = new Map<string, QueueWorker>();
  const running = new Set<Promise<void>>();
  let routes: readonly Route[] = [];
  let until: AbortSignal | undefined;

  function configure(settings: DeliverySettings): void {
    routes = settings.routes ?? defaultRoutes(settings.notifiers.map(({ name }) => name));
    queues.setNotifiers(settings.notifiers);
    startWorkers();
  }

  function startWorkers(): void {
    if (!until || until.aborted) return;
    for (const name of queues.notifiers.keys()) {
      if (workers.has(name)) continue;
      const worker = new QueueWorker(name, { queues, clock, log, measured, random });
      workers.set(name, worker);
      const ended = worker.run(until).finally(() => {
        running.delete(ended);
        workers.delete(name);
        // It may be there again by now.
        startWorkers();
      });
      running.add(ended);
    }
  }

  /** What waits for a notifier that is no more goes to who stands in for it. */
  function keepHouse(): void {
    const nowMs = clock.wall();
    for (const name of outbox.names()) {
      if (queues.notifiers.has(name)) continue;
      queues.handOnAll(name);
      for (const delivery of outbox.waiting(name))
        if (nowMs - delivery.createdMs >= GIVE_UP_MS)
          queues.giveUp(delivery, `there is no notifier ${name} any more`);
    }
    outbox.prune(nowMs);
  }

  async function run(signal: AbortSignal): Promise<void> {
    until = signal;
    startWorkers();
    const house = createBell(clock);
    while (!signal.aborted) {
      try {
        keepHouse();
      } catch (err) {
        log.error({ err }, 'the outbox could not be tidied up');
      }
      await house.wait(HOUSEKEEPING_MS, signal);
    }
    until = undefined;
    await Promise.all(running);
  }

  configure({ notifiers: [], ...options });
  return {
    tell(draft) {
      const [key, thread] = [draft.key, draft.thread].map((name) => `${outbox.installation}-${name}`);
      const message = { ...draft, key: key!, thread: thread! };
      state.transaction(() => {
        const told = outbox.toldOf(message.thread);
        for (const [name, ...standIns] of targetsOf(message, { routes, notifiers: queues.notifiers, told }))
          queues.enqueue(name, message, standIns);
      });
    },
    configure,
    run: (signal) => context.detach(() => run(signal)),
    status: () =>
      [...queues.notifiers.values()].map(({ name, kind }) => {
        const failure = workers.get(name)?.failure;
        const counts = outbox.counts(name);
        const working = counts.lastSentMs === undefined ? 'untried' : 'ok';
        return {
          name,
          kind,
          state: failure ? 'failing' : working,
          ...(failure && { error: failure.error, failingSinceMs: failure.sinceMs }),
          ...counts,
        };
      }),
    dead: () => outbox.deadOnes(MAX_DEAD_SHOWN),
    async test(name, signal) {
      const notifier = queues.notifiers.get(name);
      if (!notifier) {
        const known = [...queues.notifiers.keys()].join(', ') || 'none';
        throw new GoblinError('NOT_FOUND', { message: `there is no notifier ${name}; there are ${known}` });
      }
      const atMs = clock.wall();
      const key = `${outbox.installation}-test-${name}-${Math.round(atMs)}`;
      await sendWithin(clock, notifier, { ...TEST, key, thread: key, atMs }, signal);
    },
  };
}

const TEST = {
  reason: 'test',
  severity: 'info',
  title: 'this is how Palantir reaches you',
  services: [],
  rule: '',
  alerts: [],
  moreAlerts: 0,
} as const;
