/** What links show of themselves, the same on both sides. */
import type { Clock, Telemetry } from '@goblin/core';
import { createComplaints } from '../discovery/complaints.ts';
import { LinkViolation } from './violation.ts';

/** As far as it is counted. */
interface Counted {
  /** Calls that run. */
  readonly size: number;
}

export interface LinkMetrics extends Disposable {
  /** A link ended for a reason. Those who break the protocol are counted, and logged once a minute. */
  ended(address: string, reason: Error): void;
}

export function linkMetrics(
  { metrics, log }: Telemetry,
  side: 'client' | 'server',
  links: Iterable<Counted>,
  clock: Clock,
): LinkMetrics {
  const observing = new DisposableStack();
  observing.use(
    metrics.observe('link_open', { help: 'Links that are open, by side.', labels: ['side'] }, (set) =>
      set([...links].length, side),
    ),
  );
  observing.use(
    metrics.observe('link_calls', { help: 'Calls that run over links, by side.', labels: ['side'] }, (set) =>
      set(
        [...links].reduce((sum, { size }) => sum + size, 0),
        side,
      ),
    ),
  );
  const violations = metrics
    .counter('link_violations_total', {
      help: 'Links that were cut because the other end broke the protocol, by side.',
      labels: ['side'],
    })
    .with(side);
  const complaints = createComplaints(clock, log, 'link');
  observing.defer(() => complaints.close());
  return {
    ended(address, reason) {
      if (!(reason instanceof LinkViolation)) return;
      violations.add();
      complaints.about('the other end broke the protocol', { address, reason: reason.message });
    },
    [Symbol.dispose]: () => observing.dispose(),
  };
}
