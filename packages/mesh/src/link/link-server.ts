/** The answering side of all links of a process. It is given connections that begin with the link's preface, by the
 * door of the port that they share with HTTP (door.ts) or by a server of their own. */
import type { Socket } from 'node:net';
import { answersOf, type Clock, systemClock, type Telemetry } from '@goblin/core';
import type { Admission } from '../admission/admission.ts';
import type { ServedContract } from '../http/http-server.ts';
import { DEFAULT_LIMITS, type LinkLimits } from './hello.ts';
import { TICK_MS } from './link-end.ts';
import { LinkKeeper } from './link-keeper.ts';
import { linkMetrics } from './link-metrics.ts';
import { cutShort, unknownProcedure } from './link-refusal.ts';
import { type LinkEndpoint, ServerLink } from './server-link.ts';

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
  /** Decides which calls may begin, and when. Default: all, at once. */
  readonly admission?: Admission | undefined;
  /** Paces the checks for idle links and silent ends. */
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
  const endpoints = endpointsOf(options.services, options.admission);
  const contracts = new Set(options.services.map(({ contract }) => contract.name));
  const links = new LinkKeeper<ServerLink>(clock, (link) => {
    if (link.idleTicks >= IDLE_LINK_MS / TICK_MS) link.finish();
  });
  const metrics = linkMetrics(options.telemetry, 'server', links, clock);
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
        endpoint: (path) => endpoints.get(path) ?? unknownProcedure(path, contracts),
        isDraining: () => isDraining,
        admission: options.admission,
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

function endpointsOf(
  services: readonly ServedContract[],
  admission: Admission | undefined,
): ReadonlyMap<string, LinkEndpoint> {
  const endpoints = new Map<string, LinkEndpoint>();
  for (const { contract, procedures } of services)
    for (const procedure of Object.values(contract.procedures))
      endpoints.set(procedure.path, {
        procedure,
        procedures,
        answer: answersOf(procedures),
        pace: admission?.pace(),
      });
  return endpoints;
}
