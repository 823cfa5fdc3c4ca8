/** A process's place in the mesh: its directory, its way to call others, its own announcement. A pure client
 * joins without listening. Finders find the first peers; from then on membership (membership/membership.ts) knows who
 * is there.
 *
 * A call goes: client → trace and metrics → dispatcher (peer, retries, waiting) → transport. A stream counts as in
 * flight until it has ended and is tried again only before its first item. A joined mesh keeps the process alive
 * until it is stopped. */
import {
  type CallService,
  type Client,
  type Clock,
  type Contract,
  clientOf,
  context,
  GoblinError,
  type Metrics,
  systemClock,
  type Telemetry,
} from '@goblin/core';
import { type Balancer, createBalancer } from './balance/balancer.ts';
import { type TargetView, targetView } from './balance/target-view.ts';
import { parseAnnouncement } from './discovery/announcement.ts';
import { createDirectory, type Directory, SELF } from './discovery/directory.ts';
import type { ClusterKey, Finder, FinderContext, RunningFinder } from './discovery/finder.ts';
import type { PeerExchange } from './discovery/peer-exchange.ts';
import { dispatchedCalls } from './dispatched-calls.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { joinMembership } from './membership/join-membership.ts';
import { selfAnnouncement } from './membership/self-announcement.ts';
import type { Announcement, Endpoint, Peer } from './peer.ts';
import type { Transport } from './transport.ts';

const KEEP_ALIVE_MS = 60_000;

export interface MeshOptions {
  readonly self: Omit<Announcement, 'state' | 'incarnation' | 'startedAt'>;
  readonly finders: readonly Finder[];
  readonly clusterKey: ClusterKey;
  readonly telemetry: Telemetry;
  readonly transport: Transport;
  /** UDP, for the membership. Default: any free one. */
  readonly gossipPort?: number;
  /** The address of this process that others can reach. Default: where it listens, or its machine's address in the
   * network of the first peer that it meets. */
  readonly advertise?: string;
  readonly clock?: Clock;
  /** From 0 up to 1, for balancing and jitter. Default Math.random. */
  readonly random?: () => number;
}

export interface Mesh extends AsyncDisposable {
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly self: Announcement;
  /** Carries a call to some instance that answers its contract, with trace, metrics, retries and balancing. */
  readonly calls: CallService;
  client<C extends Contract>(contract: C): Client<C>;
  /** How this process treats the peers that answer a contract, are instances of a service or have this very name, and
   * why some get no calls. Plain JSON. */
  explain(name: string): TargetView;
  /** Answers `POST /.goblin/peers` of other members; undefined stands for 403. */
  readonly peerExchange: PeerExchange;
  /** Seals what members tell each other. */
  readonly clusterKey: ClusterKey;
  /** Asks the member that listens there for all it knows, and tells it of us; what it knows is in the directory then.
   * Resolves with its name; rejects with why it did not work. */
  contact(address: Endpoint): Promise<string>;
  /** Changes what we say of ourselves (state, address, contracts) and tells the others. */
  announce(changes: Partial<Omit<Announcement, 'instance' | 'incarnation' | 'startedAt'>>): void;
  /** Says goodbye, stops the finders, closes connections. */
  stop(): Promise<void>;
}

/** Resolves once the finders run and have told the others of us; whom they find comes in as they answer: wait with
 * `directory.waitFor`. @throws INVALID_INPUT when `self` cannot be announced. */
export async function joinMesh(options: MeshOptions): Promise<Mesh> {
  return context.detach(() => join(options));
}

async function join(options: MeshOptions): Promise<Mesh> {
  const { telemetry, transport, clusterKey, clock = systemClock, random = Math.random } = options;
  const { log, metrics } = telemetry;
  // Both grow from the wall clock, so that a name that is used again after a restart goes on where it was.
  const startedAt = Math.round(clock.wall());
  let sequence = startedAt;
  const said = valid({ ...options.self, state: 'starting', incarnation: startedAt, startedAt });
  const self = selfAnnouncement(said, options.advertise);

  const directory = createDirectory({ clock, log, metrics });
  const { instance, service, zone } = options.self;
  const likes = (): readonly Peer[] => directory.peers.filter((peer) => peer.service === service);
  const caller = { instance, service, likes };
  const balancer = createBalancer({ clock, log, metrics, random, zone, caller });
  const dispatcher = createDispatcher({ directory, balancer, clock, metrics, random });
  const membership = await joinMembership({
    directory,
    clusterKey,
    clock,
    log,
    metrics,
    random,
    port: options.gossipPort ?? 0,
    self: () => self.now,
    opened: (port) => self.gossipsAt(port),
    facing: (host) => self.faces(host) && tell(),
    outbid(incarnation) {
      self.exceed(incarnation);
      tell();
    },
  });
  const finding: FinderContext = {
    directory,
    clusterKey,
    clock,
    log,
    metrics,
    random,
    self: () => self.now,
    nextSequence: () => ++sequence,
    members: () => membership.size,
    listensAt: membership.listensAt,
    isMember: membership.has,
    contact: membership.contact,
  };
  const finders: RunningFinder[] = [];

  /** What we say of ourselves has changed. */
  function tell(): void {
    know();
    membership.announced();
    for (const finder of finders) finder.announce();
  }
  function know(): void {
    directory.heard(self.now, { by: SELF, at: clock.now(), forMs: Number.POSITIVE_INFINITY });
  }

  know();
  finders.push(...(await Promise.all(options.finders.map((finder) => finder.start(finding)))));
  const observing = observe(metrics, balancer, dispatcher);
  const alive = setInterval(() => {}, KEEP_ALIVE_MS);
  const calls = dispatchedCalls({ directory, dispatcher, transport, telemetry });
  transport.onLost?.((peer, because) => directory.suspect(peer.instance, because));

  let stopped: Promise<void> | undefined;
  async function leave(): Promise<void> {
    await Promise.all(finders.map((finder) => finder.stop()));
    await membership.leave();
    await transport.close();
    directory.close();
    observing[Symbol.dispose]();
    clearInterval(alive);
  }
  const stop = (): Promise<void> => {
    stopped ??= leave();
    return stopped;
  };

  return {
    directory,
    dispatcher,
    calls,
    peerExchange: membership.exchange,
    clusterKey,
    contact: membership.contact,
    client: (contract) => clientOf(contract, calls),
    explain: (name) =>
      targetView({ directory, balancer, clock, self: self.now, calls: dispatcher.calls }, name),
    get self() {
      return self.now;
    },
    announce(changes) {
      valid({ ...self.now, ...changes });
      self.change(changes);
      tell();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function observe(metrics: Metrics, balancer: Balancer, dispatcher: Dispatcher): Disposable {
  const observing = new DisposableStack();
  observing.use(
    metrics.observe('mesh_ejected_peers', { help: 'Peers that are avoided now.' }, (set) =>
      set(balancer.ejected),
    ),
  );
  observing.use(
    metrics.observe('mesh_waiting', { help: 'Work that waits for a peer.' }, (set) =>
      set(dispatcher.waiting),
    ),
  );
  return observing;
}

function valid(self: Announcement): Announcement {
  const checked = parseAnnouncement(self);
  if (checked) return checked;
  throw new GoblinError('INVALID_INPUT', {
    message: `this cannot be announced: ${JSON.stringify(self)}; names are printable ASCII without spaces or quotes, of at most 64 characters (instance and contracts 128), ports from 1 to 65535`,
  });
}
