/** A simulated process that calls the servers: it has the production directory and a link to each server, and calls in
 * its own way: as Goblin does, or as a plain client does. */
import {
  type CallContext,
  Cancellation,
  type ContextValues,
  type Priority,
  rootContext,
  type Telemetry,
  testTelemetry,
} from '@goblin/core';
import { createDirectory, type Directory } from '../../src/discovery/directory.ts';
import type { Outcome } from '../../src/dispatcher.ts';
import type { Announcement, Peer } from '../../src/peer.ts';
import { type LinkParts, SimLink } from './sim-link.ts';
import { SimProcess } from './sim-process.ts';
import type { SimServer } from './sim-server.ts';

export const CONTRACT = 'work.v1';

/** What all callers share. */
export interface CallerParts extends Omit<LinkParts, 'onLost'> {
  serverOf(instance: string): SimServer;
}

export abstract class SimCaller extends SimProcess {
  readonly telemetry: Telemetry;
  readonly directory: Directory;
  readonly #parts: CallerParts;
  readonly #links = new Map<SimServer, SimLink>();

  constructor(parts: CallerParts) {
    super(parts.world);
    this.#parts = parts;
    this.telemetry = testTelemetry({ clock: this.clock });
    this.directory = createDirectory({ clock: this.clock, ...this.telemetry });
  }

  /** Makes one call. `done` is told once, by the deadline, whether it succeeded. */
  abstract call(priority: Priority, deadline: number, done: (isAnswered: boolean) => void): void;

  /** Membership says that it is there and what it says of itself. */
  hear(announcement: Announcement): void {
    const at = this.world.now;
    this.directory.heard(announcement, { by: 'membership', at, forMs: Number.POSITIVE_INFINITY });
  }

  /** Membership says that it is gone. */
  lose(instance: string): void {
    this.directory.left(instance, 'membership says so');
  }

  /** The network to the servers is cut, or whole again. */
  networkChanged(): void {
    for (const link of this.#links.values()) {
      if (this.#parts.isCut()) link.cut();
      else link.heal();
    }
  }

  /** Makes one attempt with a peer. */
  protected attempt(peer: Peer, values: ContextValues, outcome: Outcome<void>): void {
    const { recorder, world } = this.#parts;
    recorder.attempted(world.now);
    this.#linkTo(this.#parts.serverOf(peer.instance)).call(values, outcome);
  }

  #linkTo(server: SimServer): SimLink {
    let link = this.#links.get(server);
    if (!link) {
      const onLost = ({ announcement }: SimServer): void =>
        this.directory.suspect(announcement.instance, 'the link to it ended');
      link = new SimLink({ ...this.#parts, isCut: () => this.#parts.isCut(), onLost }, server);
      this.#links.set(server, link);
    }
    return link;
  }
}

export function valuesOf(priority: Priority, deadline: number): CallContext {
  return { ...rootContext, priority, deadline, cancellation: new Cancellation() };
}
