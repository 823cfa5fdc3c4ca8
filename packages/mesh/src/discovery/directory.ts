/** Each process's own view of the peers. Finders and membership write into it, callers read from it; reading is
 * synchronous and allocates nothing, because every call reads.
 *
 * What is known rests on evidence: a sighting says when the peer itself was heard and how long that holds.
 * Membership's word holds until membership takes it back. Any other peer is forgotten when nothing newer came in
 * that time, SUSPECT_MS after somebody could not connect to it unless it was heard since, or at once by its
 * goodbye. Silence counts only while we listen: after a stall of this process or while a finder had to drop what it
 * received, nobody is forgotten for it. Who left stays left for evidence from before; after a goodbye, for all but
 * a higher incarnation. */
import type { Clock, Logger, Metrics } from '@goblin/core';
import type { Announcement, Peer } from '../peer.ts';
import { createComplaints } from './complaints.ts';
import { peerIndex } from './peer-index.ts';
import { tombstones } from './tombstones.ts';
import { waitFor } from './wait-for.ts';

/** More peers than this are refused: a membership of another make is needed long before. */
export const MAX_PEERS = 5_000;
/** Who sees ourselves. */
export const SELF = 'self';
const SWEEP_MS = 250;
const SUSPECT_MS = 1_500;
/** A sweep this late means that the process stood still and has not read what the network holds for it. */
const STALL_MS = 1_000;
const AFTER_STALL_MS = 3_000;

export type DirectoryChange = {
  /** `suspected`: it may have ended; it stays until that is sure. */
  readonly kind: 'joined' | 'changed' | 'suspected' | 'left';
  readonly peer: Peer;
  /** Who said so (`beacon`, `membership`); for `suspected` and `left` why (`said goodbye`, `not heard for 5 s`). */
  readonly because: string;
};

/** Evidence that a peer is there. */
export interface Sighting {
  /** Who heard it: `beacon`, `membership`. */
  readonly by: string;
  /** When the peer itself was heard, on the monotonic clock. For hearsay earlier than now. */
  readonly at: number;
  /** How long after that it still counts as there; Infinity for ourselves and by membership's word. */
  readonly forMs: number;
}

export interface Directory {
  /** All peers, pure clients too, in the order of their names. */
  readonly peers: readonly Peer[];
  /** The ready instances that answer a contract (`tax.v1`). The same array until something changes. */
  answering(contract: string): readonly Peer[];
  /** The ready instances of a service by name (`payments`). The same array until something changes. */
  named(service: string): readonly Peer[];
  peer(instance: string): Peer | undefined;
  /** When it was last heard itself, on the monotonic clock. */
  lastHeard(instance: string): number | undefined;
  /** Why it may have ended; undefined when nothing speaks for that. */
  suspicionOf(instance: string): string | undefined;
  /** Whether anybody was ever known to answer this contract or have this service name, in whatever state. */
  knows(name: string): boolean;
  /** Who said goodbye and in which incarnation, the latest last. Bounded. */
  readonly departed: Iterable<readonly [instance: string, incarnation: number]>;
  /** Resolves once each service or contract has a ready instance.
   * @throws DEADLINE_EXCEEDED naming what is still missing; CANCELED when the signal is aborted. */
  waitFor(names: readonly string[], options: { timeoutMs: number; signal?: AbortSignal }): Promise<void>;
  subscribe(listener: (change: DirectoryChange) => void): () => void;

  /** Takes in what a peer says of itself; older incarnations than the known one change nothing. */
  heard(announcement: Announcement, sighting: Sighting): void;
  /** Somebody could not connect to it: it has left unless it is heard again soon, or membership finds that it is
   * there. */
  suspect(instance: string, because: string): void;
  /** Forgets a peer until there is newer evidence of it. */
  left(instance: string, because: string): void;
  /** It said goodbye itself: forgets it for good, unless a higher incarnation comes or is known. */
  goodbye(instance: string, incarnation: number): void;
  /** We cannot hear well now: for this long nobody is forgotten for silence. */
  deaf(forMs: number): void;
  /** Stops forgetting and counting. */
  close(): void;
}

export interface DirectoryOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

interface Entry {
  peer: Peer;
  readonly isSelf: boolean;
  heardAt: number;
  expiresAt: number;
  suspicion: { readonly at: number; readonly because: string } | undefined;
}

export function createDirectory({ clock, log, metrics }: DirectoryOptions): Directory {
  const entries = new Map<string, Entry>();
  const graves = tombstones();
  const contracts = peerIndex();
  const services = peerIndex();
  const listeners = new Set<(change: DirectoryChange) => void>();
  const complaints = createComplaints(clock, log, 'directory');
  let sorted: readonly Peer[] | undefined;
  let sweptAt = clock.now();
  let deafUntil = 0;

  const refused = metrics
    .counter('mesh_directory_refused_total', { help: 'Peers not taken in because the directory was full.' })
    .with();
  const observing = metrics.observe(
    'mesh_peers',
    { help: 'Known peers by state.', labels: ['state'] },
    (set) => {
      const counts = { starting: 0, ready: 0, draining: 0 };
      for (const { peer } of entries.values()) counts[peer.state]++;
      for (const [state, count] of Object.entries(counts)) set(count, state);
    },
  );

  function enter(peer: Peer): void {
    if (peer.service !== undefined) services.add(peer.service, peer);
    for (const contract of peer.contracts) contracts.add(contract, peer);
    sorted = undefined;
  }

  function withdraw(peer: Peer): void {
    if (peer.service !== undefined) services.remove(peer.service, peer.instance);
    for (const contract of peer.contracts) contracts.remove(contract, peer.instance);
    sorted = undefined;
  }

  function tell(change: DirectoryChange): void {
    for (const listener of [...listeners]) {
      try {
        listener(change);
      } catch (error) {
        log.error({ err: error }, 'directory: a listener threw');
      }
    }
  }

  function join(announcement: Announcement, sighting: Sighting): void {
    if (graves.outweigh(announcement, sighting.at)) return;
    if (entries.size >= MAX_PEERS) {
      refused.add();
      complaints.about(`full with ${MAX_PEERS} peers, new ones are refused`, {
        refused: announcement.instance,
      });
      return;
    }
    graves.remove(announcement.instance);
    entries.set(announcement.instance, {
      peer: announcement,
      isSelf: sighting.by === SELF,
      heardAt: sighting.at,
      expiresAt: sighting.at + sighting.forMs,
      suspicion: undefined,
    });
    enter(announcement);
    tell({ kind: 'joined', peer: announcement, because: sighting.by });
  }

  function heard(announcement: Announcement, sighting: Sighting): void {
    const entry = entries.get(announcement.instance);
    if (!entry) {
      join(announcement, sighting);
      return;
    }
    entry.heardAt = Math.max(entry.heardAt, sighting.at);
    entry.expiresAt = Math.max(entry.expiresAt, sighting.at + sighting.forMs);
    if (entry.suspicion && sighting.at > entry.suspicion.at) entry.suspicion = undefined;
    if (announcement.incarnation <= entry.peer.incarnation) return;
    withdraw(entry.peer);
    entry.peer = announcement;
    enter(announcement);
    tell({ kind: 'changed', peer: announcement, because: sighting.by });
  }

  function left(instance: string, because: string): void {
    const entry = entries.get(instance);
    if (entry) bury(entry.peer, because);
  }

  function goodbye(instance: string, incarnation: number): void {
    const entry = entries.get(instance);
    if (entry && entry.peer.incarnation > incarnation) return;
    if (entry) bury(entry.peer, 'said goodbye', incarnation);
    else graves.add(instance, clock.now(), incarnation);
  }

  function bury(peer: Peer, because: string, incarnation?: number): void {
    graves.add(peer.instance, clock.now(), incarnation);
    entries.delete(peer.instance);
    withdraw(peer);
    tell({ kind: 'left', peer, because });
  }

  function sweep(): void {
    const now = clock.now();
    if (now - sweptAt > SWEEP_MS + STALL_MS) deafUntil = Math.max(deafUntil, now + AFTER_STALL_MS);
    sweptAt = now;
    if (now < deafUntil) return;
    for (const [instance, { heardAt, expiresAt, suspicion }] of entries) {
      if (expiresAt === Number.POSITIVE_INFINITY) continue;
      if (suspicion && now - suspicion.at >= SUSPECT_MS) left(instance, suspicion.because);
      else if (now >= expiresAt) left(instance, `not heard for ${Math.round((now - heardAt) / 1_000)} s`);
    }
  }
  const sweeping = clock.every(SWEEP_MS, sweep);

  const directory: Directory = {
    get peers() {
      sorted ??= [...entries.values()].map((entry) => entry.peer).sort(byName);
      return sorted;
    },
    answering: (contract) => contracts.ready(contract),
    named: (service) => services.ready(service),
    peer: (instance) => entries.get(instance)?.peer,
    lastHeard: (instance) => entries.get(instance)?.heardAt,
    knows: (name) => contracts.knows(name) || services.knows(name),
    get departed() {
      return graves.goodbyes();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    heard,
    left,
    goodbye,
    suspect(instance, because) {
      const entry = entries.get(instance);
      if (!entry || entry.isSelf) return;
      entry.suspicion ??= { at: clock.now(), because };
      tell({ kind: 'suspected', peer: entry.peer, because });
    },
    suspicionOf: (instance) => entries.get(instance)?.suspicion?.because,
    deaf(forMs) {
      deafUntil = Math.max(deafUntil, clock.now() + forMs);
    },
    waitFor: (names, options) => waitFor(directory, clock, names, options),
    close() {
      sweeping.cancel();
      observing[Symbol.dispose]();
      complaints.close();
    },
  };
  return directory;
}

/** Services by name, pure clients last. */
function byName(a: Peer, b: Peer): number {
  if (a.service !== b.service) {
    if (a.service === undefined) return 1;
    if (b.service === undefined) return -1;
    return a.service < b.service ? -1 : 1;
  }
  return a.instance < b.instance ? -1 : 1;
}
