/** One queue per notifier over the outbox: what comes in, what has no room, and what is handed on to who stands in.
 *
 * A queue holds MAX_WAITING messages. What comes beyond is folded into one "and so many more", except what begins and ends incidents,
 * up to MAX_ESSENTIAL. A message that is handed on stays in its own queue, so that its channel is whole when it is back. */
import type { Clock, Logger } from '@goblin/core';
import type { StateDatabase } from '../state/state-database.ts';
import { type Bell, createBell } from './bell.ts';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import { isEssential, type Message } from './message.ts';
import type { Notifier } from './notifier.ts';
import type { Delivery, Outbox } from './outbox.ts';

export const MAX_WAITING = 100;
const MAX_ESSENTIAL = 1_000;

export interface Queues {
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly outbox: Outbox;
  /** Rung when something is new for a notifier. */
  bell(name: string): Bell;
  enqueue(name: string, message: Message, standIns: readonly string[]): void;
  /** Gives a delivery to `send`, during which it does not change. */
  holding<T>(delivery: Delivery, send: () => Promise<T>): Promise<T>;
  /** Tells those that stand in, of all that waits and was not handed on yet. */
  handOnAll(name: string): void;
  /** It is dead: kept, shown, counted, and handed on if it was not. */
  giveUp(delivery: Delivery, error: string): void;
  setNotifiers(notifiers: readonly Notifier[]): void;
}

export interface QueuesOptions {
  readonly state: StateDatabase;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly measured: DeliveryMetrics;
}

export function createQueues({ state, outbox, clock, log, measured }: QueuesOptions): Queues {
  const bells = new Map<string, Bell>();
  /** The delivery that is with the receiver now, by notifier. */
  const held = new Map<string, number>();
  let notifiers: ReadonlyMap<string, Notifier> = new Map();

  function bell(name: string): Bell {
    const known = bells.get(name);
    if (known) return known;
    const made = createBell(clock);
    bells.set(name, made);
    return made;
  }

  function enqueue(name: string, message: Message, standIns: readonly string[]): void {
    const waiting = outbox.backlog(name);
    const hasRoom = waiting < MAX_WAITING || (isEssential(message) && waiting < MAX_ESSENTIAL);
    if (hasRoom) outbox.add(name, message, standIns, clock.wall());
    else if (!outbox.has(name, message.key)) fold(name, message, standIns);
    bell(name).ring();
  }

  function fold(name: string, message: Message, standIns: readonly string[]): void {
    measured.folded.with(name).add();
    const last = outbox.fold(name);
    const open = last?.id === held.get(name) ? undefined : last;
    const folded = (open?.message.folded ?? 0) + 1;
    const all: Message = {
      ...message,
      key: `${message.key}-folded-${folded}`,
      thread: `${outbox.installation}-folded`,
      reason: 'folded',
      title: `and ${folded} more, the last of them: ${message.title}`,
      alerts: [],
      moreAlerts: 0,
      folded,
    };
    if (open) outbox.replace(open.id, all);
    else outbox.add(name, all, standIns, clock.wall(), true);
  }

  function handOn({ id, notifier, message, standIns }: Delivery): void {
    state.transaction(() => {
      outbox.handedOn(id);
      const [next, ...others] = standIns.filter((name) => notifiers.get(name)?.takes(message));
      if (next === undefined) return;
      measured.handedOn.with(notifier).add();
      enqueue(next, message, others);
    });
  }

  return {
    get notifiers() {
      return notifiers;
    },
    outbox,
    bell,
    enqueue,
    async holding(delivery, send) {
      held.set(delivery.notifier, delivery.id);
      try {
        return await send();
      } finally {
        held.delete(delivery.notifier);
      }
    },
    handOnAll(name) {
      for (const delivery of outbox.waiting(name)) if (!delivery.isHandedOn) handOn(delivery);
    },
    giveUp(delivery, error) {
      const { id, notifier, message } = delivery;
      state.transaction(() => {
        if (!delivery.isHandedOn) handOn(delivery);
        outbox.dead(id, error, clock.wall());
      });
      measured.dead.with(notifier).add();
      log.error({ notifier, title: message.title, error }, 'a message was given up');
    },
    setNotifiers(given) {
      notifiers = new Map(given.map((notifier) => [notifier.name, notifier]));
      for (const one of bells.values()) one.ring();
    },
  };
}
