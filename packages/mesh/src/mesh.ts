/** A process's place in the mesh: its directory, its way to call others, its own announcement. A pure client
 * joins without listening.
 *
 * A call goes: client → trace and metrics → dispatcher (peer, retries, waiting) → transport. A stream counts as in
 * flight until it has ended and is tried again only before its first item. A joined mesh keeps the process alive
 * until it is stopped. */
import {
  type Call,
  type CallService,
  type Client,
  type Clock,
  type Contract,
  clientOf,
  compose,
  context,
  GoblinError,
  type Metrics,
  systemClock,
  type Telemetry,
  withTelemetry,
} from '@goblin/core';
import { type Balancer, createBalancer } from './balance/balancer.ts';
import { type OpenStream, openStream } from './balance/open-stream.ts';
import { parseAnnouncement } from './discovery/announcement.ts';
import { createDirectory, type Directory } from './discovery/directory.ts';
import type { ClusterKey, Finder, FinderContext } from './discovery/finder.ts';
import { type PeerExchange, peerExchange } from './discovery/peer-exchange.ts';
import { createDispatcher, type Dispatcher, type Target } from './dispatcher.ts';
import type { Announcement, Peer } from './peer.ts';
import type { Transport } from './transport.ts';

const KEEP_ALIVE_MS = 60_000;

export interface MeshOptions {
  readonly self: Omit<Announcement, 'state' | 'incarnation' | 'startedAt'>;
  readonly finders: readonly Finder[];
  readonly clusterKey: ClusterKey;
  readonly telemetry: Telemetry;
  readonly transport: Transport;
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
  /** Answers `POST /.goblin/peers` of others whose seed we are; undefined stands for 403. */
  readonly peerExchange: PeerExchange;
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
  let self = valid({ ...options.self, state: 'starting', incarnation: startedAt, startedAt });
  let sequence = startedAt;

  const directory = createDirectory({ clock, log, metrics });
  const know = (): void =>
    directory.heard(self, { by: 'self', at: clock.now(), forMs: Number.POSITIVE_INFINITY });
  know();
  const balancer = createBalancer({ clock, log, metrics, random });
  const dispatcher = createDispatcher({ directory, balancer, clock, metrics, random });
  const finding: FinderContext = {
    directory,
    clusterKey,
    clock,
    log,
    metrics,
    random,
    self: () => self,
    nextSequence: () => ++sequence,
  };
  const exchange = peerExchange(finding);
  const finders = await Promise.all(options.finders.map((finder) => finder.start(finding)));
  const observing = observe(metrics, balancer, dispatcher);
  const alive = setInterval(() => {}, KEEP_ALIVE_MS);
  const calls = compose([withTelemetry('client', telemetry)], dispatched(directory, dispatcher, transport));

  let stopped: Promise<void> | undefined;
  async function leave(): Promise<void> {
    await Promise.all(finders.map((finder) => finder.stop()));
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
    peerExchange: exchange,
    client: (contract) => clientOf(contract, calls),
    get self() {
      return self;
    },
    announce(changes) {
      self = valid({ ...self, ...changes, incarnation: self.incarnation + 1 });
      know();
      for (const finder of finders) finder.announce();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The end of the caller's side of a call: gets it done by some instance that answers its contract. */
function dispatched(directory: Directory, dispatcher: Dispatcher, transport: Transport): CallService {
  const targets = new Map<string, Target>();
  const targetOf = (contract: string): Target => {
    let target = targets.get(contract);
    if (!target) {
      target = { name: contract, candidates: () => directory.answering(contract) };
      targets.set(contract, target);
    }
    return target;
  };
  return async (call: Call) => {
    const { contract, idempotent, stream } = call.procedure;
    if (!stream) {
      return dispatcher.dispatch(targetOf(contract), { idempotent }, (peer) => transport.call(peer, call));
    }
    const finished = (opened: OpenStream): Promise<void> => opened.ended;
    const attempt = (peer: Peer): Promise<OpenStream> => openStream(() => transport.call(peer, call));
    return (await dispatcher.dispatch(targetOf(contract), { idempotent, finished }, attempt)).items;
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
