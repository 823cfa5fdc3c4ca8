/** Servers, callers between which and the servers there is a network, and people who make calls: at random times
 * whether earlier ones were answered or not, and who may ask again when they were not. */
import { type Priority, testTelemetry } from '@goblin/core';
import { type Admission, createAdmission } from '../../src/admission/admission.ts';
import type { Announcement } from '../../src/peer.ts';
import { GoblinCaller } from './goblin-caller.ts';
import { PlainCaller } from './plain-caller.ts';
import { BIN_MS, Recorder } from './recorder.ts';
import { type CallerParts, CONTRACT, type SimCaller } from './sim-caller.ts';
import type { SimProcess } from './sim-process.ts';
import { type Handlers, SERVER_CAPACITY, SimServer } from './sim-server.ts';
import { World } from './world.ts';

export const SERVERS = 10;
const CALLERS = 10;
/** Calls per second that all servers together can answer. */
export const CAPACITY: number = SERVERS * SERVER_CAPACITY;
/** How long the people who call wait for an answer. */
const DEADLINE_MS = 2_000;
const CRITICAL_SHARE = 0.02;
const BATCH_SHARE = 0.1;
/** How long people wait before they ask again, on average. */
const THINK_MS = 1_000;
/** Until membership has told a process of another: that it is there, stops or is gone. */
const NEWS_MS = [20, 300] as const;
/** Until it finds that all are gone behind a cut, and back again after it. */
const CUT_NEWS_MS = 4_000;
const HEALED_NEWS_MS = 500;
/** As in host.ts. */
const LAME_DUCK_MS = 250;
const MAX_DRAIN_MS = 3_500;

export type Way = 'goblin' | 'plain';

export interface ClusterOptions {
  readonly seed: number;
  readonly way: Way;
  readonly lengthMs: number;
  /** Calls per second at a time. */
  readonly offered: (at: number) => number;
  /** How often who gets no answer asks again. */
  readonly reloads: number;
  readonly handlers: Handlers;
}

export class Cluster {
  readonly world: World;
  readonly recorder: Recorder;
  readonly servers: SimServer[] = [];
  readonly callers: readonly SimCaller[];
  readonly #options: ClusterOptions;
  readonly #byInstance = new Map<string, SimServer>();
  #isCut = false;
  #started = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.world = new World(options.seed);
    this.recorder = new Recorder(options.lengthMs);
    const parts: CallerParts = {
      world: this.world,
      recorder: this.recorder,
      isCut: () => this.#isCut,
      serverOf: (instance) => this.#byInstance.get(instance)!,
    };
    const Caller = options.way === 'goblin' ? GoblinCaller : PlainCaller;
    this.callers = Array.from({ length: CALLERS }, () => new Caller(parts));
    for (let i = 0; i < SERVERS; i++) {
      const server = this.#make(false);
      for (const caller of this.callers) caller.hear(server.announcement);
    }
    this.#arrive();
    this.world.after(BIN_MS, () => this.#observe());
  }

  run(): Promise<void> {
    return this.world.run(this.#options.lengthMs);
  }

  /** Does something at a time. */
  at(time: number, run: () => void): void {
    this.world.at(time, run);
  }

  /** Starts another server and tells everybody. */
  start(isCold: boolean): SimServer {
    const server = this.#make(isCold);
    this.#tell(NEWS_MS, (caller) => caller.hear(server.announcement));
    return server;
  }

  /** Stops a server in order, as a host does: tells everybody, serves on for a while, takes nothing new, finishes. */
  stop(server: SimServer): void {
    const { world } = this;
    const { announcement } = server;
    server.announcement = { ...announcement, state: 'draining', incarnation: announcement.incarnation + 1 };
    this.#tell(NEWS_MS, (caller) => caller.hear(server.announcement));
    const since = world.now;
    const look = (): void => {
      if (server.inside > 0 && world.now - since < MAX_DRAIN_MS) return world.after(BIN_MS, look);
      this.#remove(server);
      this.#tell(NEWS_MS, (caller) => caller.lose(announcement.instance));
    };
    world.after(LAME_DUCK_MS, () => {
      server.isDraining = true;
      look();
    });
  }

  /** Cuts the network between callers and servers. Membership finds all servers gone, and there again once it is
   * whole: everywhere at the same time, the worst case. */
  cut(forMs: number): void {
    const { world } = this;
    this.#isCut = true;
    for (const caller of this.callers) caller.networkChanged();
    const gone = world.at(world.now + CUT_NEWS_MS, () => {
      for (const caller of this.callers)
        for (const { announcement } of this.servers) caller.lose(announcement.instance);
    });
    world.after(forMs, () => {
      this.#isCut = false;
      gone.cancel();
      for (const caller of this.callers) caller.networkChanged();
    });
    world.after(forMs + HEALED_NEWS_MS, () => {
      for (const server of this.servers) {
        const { announcement } = server;
        server.announcement = { ...announcement, incarnation: announcement.incarnation + 1 };
        for (const caller of this.callers) caller.hear(server.announcement);
      }
    });
  }

  #make(isCold: boolean): SimServer {
    const number = ++this.#started;
    const announcement: Announcement = {
      instance: `work-${number}`,
      service: 'work',
      version: '1.0.0',
      contracts: [CONTRACT],
      address: { host: `10.0.0.${number}`, port: 4_100 },
      state: 'ready',
      incarnation: 1,
      startedAt: 1,
    };
    const { world, recorder } = this;
    const { handlers, way } = this.#options;
    const admission = way === 'goblin' ? productionAdmission : undefined;
    const server = new SimServer({ world, recorder, announcement, admission, isCold, handlers });
    this.servers.push(server);
    this.#byInstance.set(announcement.instance, server);
    return server;
  }

  #remove(server: SimServer): void {
    server.end();
    this.servers.splice(this.servers.indexOf(server), 1);
  }

  #tell([soonest, latest]: readonly [number, number], tell: (caller: SimCaller) => void): void {
    for (const caller of this.callers) {
      this.world.after(this.world.between(soonest, latest), () => tell(caller));
    }
  }

  /** The next call, and from then on the next. */
  #arrive(): void {
    const { world } = this;
    world.after(world.exponential(1_000 / this.#options.offered(world.now)), () => {
      const caller = this.callers[Math.floor(world.random() * this.callers.length)]!;
      const chance = world.random();
      const priority =
        chance < CRITICAL_SHARE ? 'critical' : chance < CRITICAL_SHARE + BATCH_SHARE ? 'batch' : 'user';
      this.#call(caller, priority, this.#options.reloads);
      this.#arrive();
    });
  }

  #call(caller: SimCaller, priority: Priority, reloads: number): void {
    const { world, recorder } = this;
    const madeAt = world.now;
    const isCritical = priority === 'critical';
    recorder.called(madeAt, isCritical);
    caller.call(priority, madeAt + DEADLINE_MS, (isAnswered) => {
      if (isAnswered) recorder.succeeded(madeAt, world.now, isCritical);
      else if (reloads > 0)
        world.after(world.exponential(THINK_MS), () => this.#call(caller, priority, reloads - 1));
    });
  }

  #observe(): void {
    let inside = 0;
    let limit = 0;
    for (const server of this.servers) {
      inside += server.inside;
      limit += server.limit;
    }
    this.recorder.observed(this.world.now - 1, inside, limit);
    this.world.after(BIN_MS, () => this.#observe());
  }
}

function productionAdmission({ clock, world }: SimProcess): Admission {
  return createAdmission({ clock, ...testTelemetry({ clock }), random: world.random });
}
