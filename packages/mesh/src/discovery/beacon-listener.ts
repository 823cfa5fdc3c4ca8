/** What a beacon makes of the datagrams that come to it.
 *
 * Anybody on the network may send anything. What has not our magic and a possible length, or comes from outside
 * where only loopback is asked for, is dropped unread; MAX_OPENED_PER_SECOND bounds what decrypting may cost; what
 * does not open with the cluster's key, is no valid message, is a repetition or was written too long ago changes
 * nothing. All of it is counted, and logged once a minute. While more than MAX_IGNORED_PER_SECOND come, what our peers
 * say may be lost among them, and nobody is forgotten for silence. */
import type { RemoteInfo } from 'node:dgram';
import type { Counter, Metrics } from '@goblin/core';
import { assembler, decodeBeacon, MAGIC, MAX_DATAGRAM_BYTES, MIN_DATAGRAM_BYTES } from './beacon-message.ts';
import { type BeaconInterface, type BeaconScope, isLoopback } from './beacon-sockets.ts';
import type { Complaints } from './complaints.ts';
import { MAX_PEERS } from './directory.ts';
import type { FinderContext } from './finder.ts';
import { withReachableAddress } from './reachable-address.ts';
import { replayGuard } from './replay-guard.ts';
import { tokenBucket } from './token-bucket.ts';

/** Who was not heard for so long is forgotten. */
export const SILENCE_MS = 5_000;
/** As many as peers can be. Opening one costs 10 to 25 µs: a storm takes an eighth of a core at most. */
const MAX_OPENED_PER_SECOND = MAX_PEERS;
const MAX_IGNORED_PER_SECOND = 1_000;

/** What became of a datagram, and what is said about those that hint at trouble. */
const OUTCOMES = {
  accepted: undefined,
  own: undefined,
  /** Also each one that came by another interface too. */
  repeated: undefined,
  foreign: 'ignored datagrams that are none of ours',
  dropped: `ignored datagrams beyond ${MAX_OPENED_PER_SECOND} per second`,
  unreadable:
    'ignored datagrams sealed with another key: another cluster on this port, or a peer with another secret',
  malformed: 'ignored sealed datagrams that are no valid message: a peer of another release?',
  stale:
    'ignored datagrams written too long ago or in the future: sent again by somebody, or clocks differ by more than 30 s',
  unreachable:
    'ignored peers on other machines that listen on loopback only: give them a host that others can reach',
} as const;
type Outcome = keyof typeof OUTCOMES;

export interface BeaconListenerOptions {
  readonly context: FinderContext;
  readonly scope: BeaconScope;
  readonly complaints: Complaints;
  /** Those the beacon speaks on now. */
  interfaces(): readonly BeaconInterface[];
  /** A newcomer asks who is there. */
  asked(newcomer: RemoteInfo): void;
}

export function beaconListener(
  options: BeaconListenerOptions,
): (datagram: Uint8Array, from: RemoteInfo) => void {
  const { context, scope, complaints } = options;
  const { directory, clusterKey, clock } = context;
  const guard = replayGuard(clock);
  const parts = assembler();
  const opening = tokenBucket(clock, MAX_OPENED_PER_SECOND);
  const ignoring = tokenBucket(clock, MAX_IGNORED_PER_SECOND);
  const counters = countersOf(context.metrics);

  function take(datagram: Uint8Array, from: RemoteInfo): Outcome {
    if (!hasForm(datagram) || (scope === 'loopback' && !isLoopback(from.address))) return 'foreign';
    if (!opening.take()) return 'dropped';
    const plain = clusterKey.open(datagram.subarray(MAGIC.length));
    if (!plain) return 'unreadable';
    const message = decodeBeacon(plain);
    if (!message) return 'malformed';
    const { instance, incarnation } = message.announcement;
    if (instance === context.self().instance) return 'own';
    const freshness = guard.check(instance, message.sentAt, message.sequence);
    if (freshness !== 'fresh') return freshness;
    if (message.kind === 'bye') {
      directory.goodbye(instance, incarnation);
      return 'accepted';
    }
    if (message.kind === 'ask' && message.part === 0) options.asked(from);
    const known = directory.peer(instance);
    const whole = known && known.incarnation >= incarnation ? known : parts.add(message);
    if (!whole) return 'accepted';
    const peer = withReachableAddress(whole, from, options.interfaces());
    if (!peer) return 'unreachable';
    directory.heard(peer, { by: 'beacon', at: clock.now(), forMs: SILENCE_MS });
    return 'accepted';
  }

  return (datagram, from) => {
    const outcome = take(datagram, from);
    counters[outcome].add();
    const trouble = OUTCOMES[outcome];
    if (!trouble) return;
    complaints.about(trouble, { from: `${from.address}:${from.port}` });
    if (!ignoring.take()) directory.deaf(SILENCE_MS);
  };
}

function hasForm(datagram: Uint8Array): boolean {
  return (
    datagram.length >= MIN_DATAGRAM_BYTES &&
    datagram.length <= MAX_DATAGRAM_BYTES &&
    MAGIC.every((byte, index) => datagram[index] === byte)
  );
}

function countersOf(metrics: Metrics): Record<Outcome, Counter> {
  const received = metrics.counter('mesh_beacon_datagrams_total', {
    help: 'Datagrams that came to the beacon, by what became of them.',
    labels: ['outcome'],
  });
  const counters = Object.keys(OUTCOMES).map((outcome) => [outcome, received.with(outcome)] as const);
  return Object.fromEntries(counters) as Record<Outcome, Counter>;
}
