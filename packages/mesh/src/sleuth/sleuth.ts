/** A place on a network of Sleuth peers (https://github.com/ursiform/sleuth): they are seen and can be called, and see and
 * call what this process serves. For moving from Sleuth to Goblin step by step; off unless asked for.
 *
 * Sleuth has no authentication. So its peers stand in a directory of their own and never in that of the mesh, nothing
 * that they send is trusted, and what we ask them carries no tenant and no actor. A node is a service or a pure
 * client for its whole life, because ZRE says once and for all, in HELLO, what a node serves. What does the work is
 * loaded when a node is first opened. */
import { type Client, type Contract, type Module, module } from '@goblin/core';
import type { SleuthInit } from './sleuth-client.ts';
import type { SleuthHandler } from './sleuth-server.ts';
import type { SleuthPeer } from './sleuth-services.ts';
import type { SleuthPlace } from './sleuth-setting.ts';

export interface SleuthService {
  /** What others call it by: `sleuth://tax/…`. */
  readonly name: string;
  /** Default `unknown`, as in Sleuth. */
  readonly version?: string;
  /** Its signal is aborted when the peer that asks is gone, and after 30 s. */
  readonly handler: SleuthHandler;
}

export interface SleuthOptions extends SleuthPlace {
  /** What it serves. Without, it only asks. */
  readonly serve?: SleuthService;
}

export interface Sleuth extends AsyncDisposable {
  /** Who we are there: 32 upper-case hex digits, new for each start. */
  readonly uuid: string;
  /** Who is there now, services and pure clients. */
  readonly peers: readonly SleuthPeer[];
  /** Asks a service, its instances in turn. Body and answer are 6 MiB at most; nothing is tried again.
   * @param target `sleuth://tax/rates?country=FR`
   * @throws INVALID_INPUT (Sleuth's 916), NO_PEER (919), DEADLINE_EXCEEDED (920) after 500 ms unless `timeoutMs` says
   * otherwise, CONNECTION_FAILED (929), BAD_ANSWER (917), PAYLOAD_TOO_LARGE, UNAVAILABLE once stopped (935); the number is
   * in `data.sleuth`. */
  fetch(target: string | URL, init?: SleuthInit): Promise<Response>;
  /** Typed calls by the Connect protocol, with the deadlines of the contract.
   * @param service the name that it has there, if not that of the contract */
  client<C extends Contract>(contract: C, service?: string): Client<C>;
  /** Resolves once each of these services has an instance. @throws DEADLINE_EXCEEDED after `timeoutMs` (default 5 s), CANCELED */
  waitFor(
    services: readonly string[],
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Says goodbye, answers what runs, closes. Settles within `timeoutMs` (default 3 s). */
  stop(timeoutMs?: number): Promise<void>;
}

/** @example const network = await app.use(sleuth({ interface: 'eth0' })); await network.fetch('sleuth://tax/rates') */
export function sleuth(options: SleuthOptions): Module<Sleuth> {
  return module({
    name: 'sleuth',
    async start({ telemetry }) {
      const { openSleuth } = await import('./open-sleuth.ts');
      return openSleuth(options, { telemetry });
    },
    stop: (running) => running.stop(),
  });
}
