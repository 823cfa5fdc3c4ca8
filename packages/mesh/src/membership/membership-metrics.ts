/** What a membership counts and shows. */
import type { Counter, Metrics } from '@goblin/core';
import type { LocalHealth } from './local-health.ts';
import type { MemberTable } from './member-table.ts';

/** Opening one costs 10 to 25 µs: a storm takes an eighth of a core at most. */
export const MAX_OPENED_PER_SECOND = 5_000;

/** What became of a datagram, and what is said about those that hint at trouble. */
export const OUTCOMES = {
  accepted: undefined,
  foreign: 'ignored datagrams from other machines: this process listens on loopback only',
  dropped: `ignored datagrams beyond ${MAX_OPENED_PER_SECOND} per second`,
  unreadable: 'ignored datagrams that are not sealed with our key',
  malformed: 'ignored sealed datagrams that are no valid message: a member of another release?',
  stale:
    'ignored datagrams sent too long ago or in the future: sent again by somebody, or clocks differ by more than 30 s',
} as const;
/** What is said about requests over TCP that are counted as refused. */
export const EXCHANGE_REFUSED =
  'refused requests that are not sealed with our key, or no valid message, or sent too long ago or in the future';
export type Outcome = keyof typeof OUTCOMES;

export interface MembershipCounters {
  readonly outcomes: Readonly<Record<Outcome, Counter>>;
  readonly sentBytes: Counter;
  readonly suspicions: Counter;
  readonly refutations: Counter;
}

export function membershipCounters(metrics: Metrics): MembershipCounters {
  const received = metrics.counter('mesh_membership_datagrams_total', {
    help: 'Datagrams of the membership that came in, by what became of them.',
    labels: ['outcome'],
  });
  const outcomes = Object.keys(OUTCOMES).map((outcome) => [outcome, received.with(outcome)] as const);
  const counter = (name: string, help: string): Counter => metrics.counter(name, { help }).with();
  return {
    outcomes: Object.fromEntries(outcomes) as Record<Outcome, Counter>,
    sentBytes: counter('mesh_membership_sent_bytes_total', 'Bytes of datagrams sent for the membership.'),
    suspicions: counter('mesh_suspicions_total', 'Times that a member was suspected, by whomever.'),
    refutations: counter(
      'mesh_refutations_total',
      'Times that this process contradicted being suspected or gone.',
    ),
  };
}

/** Shows both until it is disposed of. */
export function observeMembers(metrics: Metrics, table: MemberTable, health: LocalHealth): Disposable {
  const observing = new DisposableStack();
  const states = 'Members of the cluster that this process knows, by state.';
  observing.use(
    metrics.observe('mesh_members', { help: states, labels: ['state'] }, (set) => {
      const counts = { alive: 0, suspect: 0, dead: 0, left: 0 };
      for (const { state } of table.all()) counts[state]++;
      for (const [state, count] of Object.entries(counts)) set(count, state);
    }),
  );
  const score = 'How far this process distrusts its own hearing: 0 is well, 8 is worst.';
  observing.use(metrics.observe('mesh_local_health_score', { help: score }, (set) => set(health.score)));
  return observing;
}
