/** How well people can be told, as metrics: a notifier that fails is to be noticed before it is needed. */
import type { Counter, Labelled, Metrics } from '@goblin/core';

export interface DeliveryMetrics {
  readonly sent: Labelled<Counter>;
  readonly failures: Labelled<Counter>;
  readonly dead: Labelled<Counter>;
  readonly handedOn: Labelled<Counter>;
  readonly folded: Labelled<Counter>;
}

/** @param waiting how many messages wait, by notifier */
export function deliveryMetrics(
  metrics: Metrics,
  waiting: () => Iterable<readonly [notifier: string, count: number]>,
): DeliveryMetrics {
  const counter = (name: string, help: string): Labelled<Counter> =>
    metrics.counter(name, { help, labels: ['notifier'] });
  metrics.observe(
    'notifications_waiting',
    { help: 'Messages that are to be delivered.', labels: ['notifier'] },
    (set) => {
      for (const [name, count] of waiting()) set(count, name);
    },
  );
  return {
    sent: counter('notifications_sent_total', 'Messages that the receiver took.'),
    failures: counter('notifications_failures_total', 'Times that a message was not taken.'),
    dead: counter('notifications_dead_total', 'Messages that were given up.'),
    handedOn: counter(
      'notifications_handed_on_total',
      'Messages that went to another notifier because this one fails.',
    ),
    folded: counter(
      'notifications_folded_total',
      'Messages that became part of one "and more" because the queue was full.',
    ),
  };
}
