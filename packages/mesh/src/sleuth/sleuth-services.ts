/** Who serves what on the Sleuth network: a directory of its own, because nobody there has shown who it is. What stands
 * here never gets into the directory of the mesh. Peers of a service are taken in turn. */
import { type Clock, cancelledError, closest, GoblinError } from '@goblin/core';
import { sleuthError } from './sleuth-error.ts';
import { SLEUTH_GROUP } from './sleuth-message.ts';
import type { ZrePeer } from './zre-peer.ts';

/** Printable, and what a host of an URL can be. */
const SERVICE_NAME = /^[A-Za-z0-9_.-]{1,128}$/;
const VERSION = /^[\x20-\x7e]{0,128}$/;
/** In messages. */
const MAX_LISTED = 10;

/** A peer as others see it. */
export interface SleuthPeer {
  /** 32 upper-case hex digits, new for each start. */
  readonly uuid: string;
  readonly name: string;
  /** What it serves; undefined for a pure client. */
  readonly service: string | undefined;
  readonly version: string | undefined;
  readonly address: string;
}

export class SleuthServices {
  readonly #clock: Clock;
  readonly #services = new Map<string, { readonly peers: ZrePeer[]; next: number }>();
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get names(): string[] {
    return [...this.#services.keys()];
  }

  /** Takes in a peer that serves something; a pure client changes nothing. */
  add(peer: ZrePeer): void {
    const name = serviceOf(peer);
    if (name === undefined) return;
    let service = this.#services.get(name);
    if (!service) {
      service = { peers: [], next: 0 };
      this.#services.set(name, service);
    }
    if (!service.peers.includes(peer)) service.peers.push(peer);
    for (const look of this.#waiting) look();
  }

  remove(peer: ZrePeer): void {
    const name = serviceOf(peer);
    const service = name === undefined ? undefined : this.#services.get(name);
    const index = service?.peers.indexOf(peer) ?? -1;
    if (index === -1) return;
    service!.peers.splice(index, 1);
    if (index < service!.next) service!.next -= 1;
    if (service!.peers.length === 0) this.#services.delete(name!);
  }

  /** The peer whose turn it is. @throws NO_PEER (919) */
  next(name: string): ZrePeer {
    const service = this.#services.get(name);
    if (!service) throw this.#unknown(name);
    service.next %= service.peers.length;
    return service.peers[service.next++]!;
  }

  /** Resolves once each name has a peer. @throws DEADLINE_EXCEEDED (920), CANCELED */
  waitFor(
    names: readonly string[],
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<void> {
    const missing = (): string[] => names.filter((name) => !this.#services.has(name));
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelledError(signal.reason));
      if (missing().length === 0) return resolve();
      const finish = (settle: () => void): void => {
        this.#waiting.delete(look);
        timer.cancel();
        signal?.removeEventListener('abort', abort);
        settle();
      };
      const look = (): void => {
        if (missing().length === 0) finish(resolve);
      };
      const abort = (): void => finish(() => reject(cancelledError(signal!.reason)));
      const timer = this.#clock.after(timeoutMs, () => {
        const message = `after ${timeoutMs} ms nobody serves ${missing().join(', ')} on the Sleuth network; ${this.#known()}`;
        finish(() => reject(sleuthError(920, message, { missing: missing() })));
      });
      this.#waiting.add(look);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  #unknown(name: string): GoblinError {
    const meant = closest(name, this.#services.keys());
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    return sleuthError(919, `nobody serves ${name} on the Sleuth network${hint}; ${this.#known()}`);
  }

  #known(): string {
    const names = this.names.slice(0, MAX_LISTED);
    return names.length === 0
      ? 'no service is known: is the interface the one that the others use?'
      : `known are ${names.join(', ')}`;
  }
}

/** The service that a peer says it is; undefined for a pure client and for what is no name. */
export function serviceOf({ headers }: ZrePeer): string | undefined {
  const type = headers.get('type');
  if (headers.get('group') !== SLEUTH_GROUP || type === undefined || !SERVICE_NAME.test(type))
    return undefined;
  return type;
}

export function describePeer(peer: ZrePeer): SleuthPeer {
  const service = serviceOf(peer);
  const version = peer.headers.get('version');
  return {
    uuid: peer.uuid,
    name: peer.name,
    service,
    version: service !== undefined && version !== undefined && VERSION.test(version) ? version : undefined,
    address: `${peer.address}:${peer.port}`,
  };
}

/** @throws INVALID_INPUT for what cannot be announced */
export function checkServiceName(name: string): void {
  if (SERVICE_NAME.test(name)) return;
  throw new GoblinError('INVALID_INPUT', {
    message: `${JSON.stringify(name)} cannot be the name of a Sleuth service: write letters, digits, dots, dashes`,
  });
}
