/** What happens to a simulated cluster, phase after phase, and what is measured of each: how long until everybody
 * knows a change, who was taken for gone wrongly, what it costs. */
import { MAX_PEERS } from '../../src/discovery/directory.ts';
import type { Cluster, NodeParts, Observation, SimNode } from './sim-node.ts';
import { World } from './world.ts';

/** One cluster's findings. Times in ms, one per event, until the last member knew. */
export interface Findings {
  readonly newcomerKnown: number[];
  /** Until the last newcomer knew all. */
  readonly newcomersKnowAll: number[];
  readonly crashRemoved: number[];
  /** A crash that nobody was connected to notice. */
  readonly unnoticedCrashRemoved: number[];
  readonly silentRemoved: number[];
  readonly leaveRemoved: number[];
  /** Until a member that came back from a pause of PAUSE_MS was known to all again. */
  readonly pausedBack: number[];
  /** Until all knew all again after a partition of half and half. */
  readonly healed: number[];
  /** Sent by a member per second while nothing happened, headers and seals included; and what it received. */
  quietBytesPerSecond: number;
  quietReceivedPerSecond: number;
  /** Times that a member was taken for gone wrongly, by the share of packets lost. */
  readonly falsePositives: Record<string, number>;
  readonly lossyBytesPerSecond: Record<string, number>;
  /** Wrongly taken for gone, of those who were up while others stood still. */
  pausedFalsePositives: number;
  /** Of those who stood still for SHORT_PAUSE_MS, how many were taken for gone by somebody. */
  shortPausesRemoved: number;
}

export interface PhaseOptions {
  readonly nodes: number;
  readonly seed: number;
  /** How many of each: newcomers, crashes … */
  readonly events: number;
  readonly lossMs: number;
  readonly partition: boolean;
  /** Another membership than ours. */
  readonly node?: (parts: NodeParts) => Cluster;
}

const SETTLE_MS = 3_000;
const QUIET_MS = 30_000;
const LOSSES = [0, 0.01, 0.05];
const CALLERS = 10;
const SPACING_MS = 700;
const PAUSED = 5;
export const SHORT_PAUSE_MS = 1_500;
export const PAUSE_MS = 15_000;
const BACK_MS = 5_000;
const PARTITION_MS = 60_000;
/** Nothing takes longer, or it is not reached at all. */
const PATIENCE_MS = 40_000;

export function runPhases(options: PhaseOptions): Findings {
  const findings = emptyFindings();
  const watch = new Watch();
  const world = new World({
    seed: options.seed,
    ...(options.node && { node: options.node }),
    observe: (observation) => watch.take(observation),
  });
  // Newcomers need room where the cluster is as large as it may be.
  world.populate(Math.min(options.nodes, MAX_PEERS - options.events));
  watch.world = world;
  world.run(SETTLE_MS);

  const receivedBefore = world.nodes.reduce((sum, node) => sum + node.receivedBytes, 0);
  findings.quietBytesPerSecond = bytesPerSecond(world, QUIET_MS);
  const received = world.nodes.reduce((sum, node) => sum + node.receivedBytes, 0) - receivedBefore;
  findings.quietReceivedPerSecond = received / world.upCount / (QUIET_MS / 1_000);
  findings.newcomerKnown.push(...changes(world, watch, options.events, 'alive', newcomer));
  findings.newcomersKnowAll.push(untilAllKnowAll(world, world.nodes.at(-1)!.upSince));
  const removed = (end: (node: SimNode) => void): number[] =>
    changes(world, watch, options.events, 'gone', () => {
      const node = anyUp(world);
      end(node);
      return node;
    });
  findings.crashRemoved.push(...removed((node) => world.crash(node, someUp(world, CALLERS, node))));
  findings.unnoticedCrashRemoved.push(...removed((node) => world.crash(node, [])));
  findings.silentRemoved.push(...removed((node) => world.silence(node)));
  findings.leaveRemoved.push(...removed((node) => world.leave(node)));
  for (const loss of LOSSES) {
    const before = watch.falsePositives;
    world.loss = loss;
    findings.lossyBytesPerSecond[loss] = bytesPerSecond(world, options.lossMs);
    findings.falsePositives[loss] = watch.falsePositives - before;
  }
  world.loss = 0;
  world.run(PATIENCE_MS);
  pause(world, watch, findings);
  if (options.partition) findings.healed.push(cutAndHeal(world));
  return findings;
}

function emptyFindings(): Findings {
  return {
    newcomerKnown: [],
    newcomersKnowAll: [],
    crashRemoved: [],
    unnoticedCrashRemoved: [],
    silentRemoved: [],
    leaveRemoved: [],
    pausedBack: [],
    healed: [],
    quietBytesPerSecond: 0,
    quietReceivedPerSecond: 0,
    falsePositives: {},
    lossyBytesPerSecond: {},
    pausedFalsePositives: 0,
    shortPausesRemoved: 0,
  };
}

/** Who knows what of those that are watched, and who was wronged. */
class Watch {
  world!: World;
  falsePositives = 0;
  readonly #byInstance = new Map<string, SimNode>();
  readonly #known = new Map<string, Map<SimNode, number>>();

  /** From now on it is noted who takes it for there, or for gone. */
  follow(node: SimNode, kind: 'alive' | 'gone'): Map<SimNode, number> {
    const since = new Map<SimNode, number>();
    this.#known.set(`${kind} ${node.announcement.instance}`, since);
    return since;
  }

  take({ observer, subject, kind, at }: Observation): void {
    if (kind === 'suspected') return;
    const gone = kind !== 'alive';
    this.#known.get(`${gone ? 'gone' : 'alive'} ${subject}`)?.set(observer, at);
    const node = gone && this.#nodeOf(subject);
    // Old news of one that is just back was true when it was sent.
    if (node && node.state === 'up' && at - node.upSince > BACK_MS) this.falsePositives++;
  }

  #nodeOf(instance: string): SimNode | undefined {
    if (this.#byInstance.size < this.world.nodes.length) {
      for (const node of this.world.nodes) this.#byInstance.set(node.announcement.instance, node);
    }
    return this.#byInstance.get(instance);
  }
}

/** Lets something happen a few times and answers how long each time until all knew; Infinity when not all did. */
function changes(
  world: World,
  watch: Watch,
  events: number,
  kind: 'alive' | 'gone',
  happen: (world: World) => SimNode,
): number[] {
  const happened: { node: SimNode; at: number; known: Map<SimNode, number> }[] = [];
  for (let i = 0; i < events; i++) {
    const at = world.now;
    const node = happen(world);
    happened.push({ node, at, known: watch.follow(node, kind) });
    world.run(SPACING_MS);
  }
  world.run(PATIENCE_MS, () => happened.every((event) => event.known.size >= world.upCount - events));
  world.run(SPACING_MS);
  return happened.map(({ node, at, known }) => {
    let last = 0;
    for (const observer of world.nodes) {
      if (observer === node || observer.state !== 'up' || observer.upSince >= at) continue;
      last = Math.max(last, known.get(observer) ?? Number.POSITIVE_INFINITY);
    }
    return last - at;
  });
}

/** How long after that all know all; Infinity when not in time. */
function untilAllKnowAll(world: World, since: number): number {
  let checkedAt = world.now;
  const all = world.run(PATIENCE_MS, () => {
    if (world.now - checkedAt < 50) return false;
    checkedAt = world.now;
    return knowAll(world);
  });
  return all ? world.now - since : Number.POSITIVE_INFINITY;
}

function knowAll(world: World): boolean {
  return world.nodes.every((node) => node.state !== 'up' || node.membership.size === world.upCount);
}

function newcomer(world: World): SimNode {
  const seed = anyUp(world);
  const node = world.newcomer();
  node.membership.contact(seed.announcement.address!, () => {});
  return node;
}

function pause(world: World, watch: Watch, findings: Findings): void {
  const before = watch.falsePositives;
  const short = someUp(world, PAUSED);
  const followed = short.map((node) => watch.follow(node, 'gone'));
  for (const node of short) world.pause(node);
  world.run(SHORT_PAUSE_MS);
  for (const node of short) world.resume(node);
  world.run(SETTLE_MS);
  findings.shortPausesRemoved = followed.filter((known) => known.size > 0).length;

  const long = someUp(world, PAUSED);
  for (const node of long) world.pause(node);
  world.run(PAUSE_MS);
  const resumedAt = world.now;
  const back = long.map((node) => watch.follow(node, 'alive'));
  for (const node of long) world.resume(node);
  world.run(PATIENCE_MS, () => long.every((node) => knownToAll(world, node)));
  for (const known of back) findings.pausedBack.push(Math.max(0, ...known.values()) - resumedAt);
  findings.pausedFalsePositives = watch.falsePositives - before;
}

function cutAndHeal(world: World): number {
  for (const node of world.nodes) node.part = node.index % 2;
  world.run(PARTITION_MS);
  for (const node of world.nodes) node.part = 0;
  return untilAllKnowAll(world, world.now);
}

function bytesPerSecond(world: World, forMs: number): number {
  const sent = (): number => world.nodes.reduce((sum, node) => sum + node.sentBytes, 0);
  const before = sent();
  world.run(forMs);
  return (sent() - before) / world.upCount / (forMs / 1_000);
}

function knownToAll(world: World, node: SimNode): boolean {
  const { instance } = node.announcement;
  return world.nodes.every((one) => one === node || one.state !== 'up' || one.membership.has(instance));
}

function anyUp(world: World): SimNode {
  for (;;) {
    const node = world.nodes[Math.floor(world.random() * world.nodes.length)]!;
    if (node.state === 'up') return node;
  }
}

function someUp(world: World, count: number, except?: SimNode): SimNode[] {
  const some = new Set<SimNode>();
  while (some.size < Math.min(count, world.upCount - 1)) {
    const node = anyUp(world);
    if (node !== except) some.add(node);
  }
  return [...some];
}
