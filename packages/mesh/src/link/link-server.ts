/** The answering side of all links of a process. It is given connections that begin with the link's preface, by the
 * door of the port that they share with HTTP (door.ts) or by a server of their own. */
import type { Socket } from 'node:net';
import { type Clock, GoblinError, systemClock, type Telemetry } from '@goblin/core';
import type { ServedContract } from '../http/http-server.ts';
import type { Endpoint } from '../http/procedure-endpoint.ts';
import { DEFAULT_LIMITS, type LinkLimits } from './hello.ts';
import { TICK_MS } from './link-end.ts';
import { LinkKeeper } from './link-keeper.ts';
import { linkMetrics } from './link-metrics.ts';
import { ServerLink } from './server-link.ts';

/** A link without calls is closed after this long; the caller's side does so sooner. */
export const IDLE_LINK_MS = 120_000;
/** What is left at the end of a drain for cancelled work to be answered. */
const CUT_MS = 250;

export interface LinkServerOptions {
  /** What is served; may be empty. */
  readonly services: readonly ServedContract[];
  readonly telemetry: Telemetry;
  /** Who answers, for the other side's log. */
  readonly instance?: string;
  readonly limits?: Partial<LinkLimits>;
  readonly clock?: Clock;
}

export interface LinkServer extends AsyncDisposable {
  /** Takes over a connection; its first bytes are still to be read. */
  accept(socket: Socket): void;
  /** Takes no new calls and asks all callers to finish. Resolves when every link is closed or when `timeoutMs` has
   * passed. What still runs shortly before that is cancelled and answered UNAVAILABLE. */
  drain(timeoutMs: number): Promise<void>;
}

/** @example createServer((socket) => links.accept(socket)).listen('/run/tax.sock') */
export function linkServer(options: LinkServerOptions): LinkServer {
  const clock = options.clock ?? systemClock;
  const limits: LinkLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const endpoints = endpointsOf(options.services);
  const contracts = new Set(options.services.map(({ contract }) => contract.name));
  const links = new LinkKeeper<ServerLink>(clock, (link) => {
    if (link.idleTicks >= IDLE_LINK_MS / TICK_MS) link.finish();
  });
  const metrics = linkMetrics(options.telemetry, 'server', links);
  let isDraining = false;
  let whenEmpty: (() => void) | undefined;

  async function drain(timeoutMs: number): Promise<void> {
    isDraining = true;
    metrics[Symbol.dispose]();
    if (links.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      whenEmpty = resolve;
    });
    for (const link of links) link.drain();
    const cut = setTimeout(
      () => {
        for (const link of links) link.cancelAll(cutShort());
      },
      Math.max(0, timeoutMs - CUT_MS),
    );
    const end = setTimeout(() => {
      for (const link of links) link.destroy(cutShort());
    }, timeoutMs);
    await empty;
    clearTimeout(cut);
    clearTimeout(end);
  }

  return {
    accept(socket) {
      const { remoteAddress = 'a local socket' } = socket;
      const link = new ServerLink(socket, {
        instance: options.instance ?? '',
        limits,
        clock,
        endpoint: (path) => endpoints.get(path) ?? unknownProcedure(path, contracts),
        isDraining: () => isDraining,
        onEnd(link, reason) {
          links.delete(link);
          if (reason) metrics.ended(remoteAddress, reason);
          if (links.size === 0) whenEmpty?.();
        },
      });
      links.add(link);
    },
    drain,
    [Symbol.asyncDispose]: () => drain(CUT_MS),
  };
}

/** The call was begun, and what it did until now stays done. */
function cutShort(): GoblinError {
  return new GoblinError('UNAVAILABLE', { message: 'this instance shut down before it had an answer' });
}

function endpointsOf(services: readonly ServedContract[]): ReadonlyMap<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const { contract, procedures } of services)
    for (const procedure of Object.values(contract.procedures))
      endpoints.set(procedure.path, { procedure, procedures });
  return endpoints;
}

/** A caller with a newer contract asks for what is not here yet. */
function unknownProcedure(path: string, contracts: ReadonlySet<string>): GoblinError {
  const [, contract = '', name = ''] = path.split('/', 3);
  return contracts.has(contract)
    ? new GoblinError('UNIMPLEMENTED', { message: `${contract} has no procedure ${name}` })
    : new GoblinError('NOT_FOUND', { message: `there is nothing at ${path}` });
}
