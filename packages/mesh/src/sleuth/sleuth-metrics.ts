/** What is counted of the Sleuth network, and what of it is said in the log once a minute. */
import type { Clock, Telemetry } from '@goblin/core';
import { createComplaints } from '../discovery/complaints.ts';
import type { Ignored } from './zre-node.ts';

/** What is said about what was ignored. Anybody on the network can cause it. */
const SENTENCES: Readonly<Record<Ignored | 'message', string>> = {
  violation: 'dropped a peer that does not keep to ZMTP or ZRE, or whose messages were lost',
  counter: 'a peer joined or left with a wrong counter; its own is taken',
  full: 'refused newcomers: there are as many as may be, or too many came at once',
  slow: 'dropped a peer that does not read, or does not finish what it begins',
  elsewhere: 'refused somebody who uses the name of a peer at another address',
  message: 'ignored messages that are none of Sleuth, or answers that nobody waits for',
};

export interface SleuthMetrics extends Disposable {
  ignored(what: Ignored | 'message', detail: string): void;
  /** @param outcome the HTTP status, or the code of the error */
  request(side: 'in' | 'out', outcome: string): void;
}

export interface Census {
  readonly service: number;
  readonly client: number;
}

export function sleuthMetrics(
  { metrics, log }: Telemetry,
  clock: Clock,
  census: () => Census,
): SleuthMetrics {
  const complaints = createComplaints(clock, log, 'sleuth');
  const ignored = metrics.counter('sleuth_ignored_total', {
    help: 'What came from the Sleuth network and was ignored, by why.',
    labels: ['reason'],
  });
  const requests = metrics.counter('sleuth_requests_total', {
    help: 'Requests over the Sleuth network, by side (in, out) and outcome (HTTP status or error code).',
    labels: ['side', 'outcome'],
  });
  const observing = metrics.observe(
    'sleuth_peers',
    { help: 'Peers on the Sleuth network, by whether they serve something.', labels: ['kind'] },
    (set) => {
      for (const [kind, count] of Object.entries(census())) set(count, kind);
    },
  );
  return {
    ignored(what, detail) {
      ignored.with(what).add();
      complaints.about(SENTENCES[what], { detail });
    },
    request: (side, outcome) => requests.with(side, outcome).add(),
    [Symbol.dispose]() {
      observing[Symbol.dispose]();
      complaints.close();
    },
  };
}
