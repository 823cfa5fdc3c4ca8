/** Carries calls over links: one connection to each address, which all calls share and which opens with the first of
 * them. One that failed is opened anew by the next call; one that was not used for IDLE_PEER_MS is closed. */
import { connect } from 'node:net';
import { type ConnectionOptions, connect as connectSecurely } from 'node:tls';
import {
  type Call,
  type Clock,
  context,
  contextOf,
  GoblinError,
  systemClock,
  type Telemetry,
} from '@goblin/core';
import { isLoopback } from '../discovery/beacon-sockets.ts';
import type { Outcome } from '../dispatcher.ts';
import { IDLE_PEER_MS } from '../http/http-transport.ts';
import { addressOf, type Peer } from '../peer.ts';
import type { Transport } from '../transport.ts';
import { ClientLink } from './client-link.ts';
import { DEFAULT_LIMITS, type LinkLimits } from './hello.ts';
import { TICK_MS } from './link-end.ts';
import { LinkKeeper } from './link-keeper.ts';
import { linkMetrics } from './link-metrics.ts';
import { streamOver } from './outgoing-stream.ts';
import { OutgoingUnary } from './outgoing-unary.ts';

/** What a process shows and trusts, as `tls.connect` takes it. */
export type LinkCredentials = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'servername' | 'checkServerIdentity'
>;

export interface LinkTransportOptions {
  /** Who calls, for the other side's log. */
  readonly instance?: string;
  /** Makes every link one by TLS. */
  readonly tls?: LinkCredentials;
  /** The largest answer, and the largest item of a stream. Default 16 MiB. */
  readonly maxAnswerBytes?: number;
  /** Of a stream's items that wait for their consumer. Default 256 KiB. */
  readonly windowBytes?: number;
  readonly telemetry?: Telemetry;
  /** Paces the checks for idle links and silent ends. */
  readonly clock?: Clock;
}

const DEFAULT_MAX_ANSWER_BYTES = 16 * 1_048_576;
const IDLE_TICKS = IDLE_PEER_MS / TICK_MS;
/** What runs when the transport is closed gets as long to finish. */
const CLOSE_TIMEOUT_MS = 5_000;

/** @example const transport = linkTransport(); await transport.call(peer, { procedure, input }); */
export function linkTransport(options: LinkTransportOptions = {}): Transport {
  const clock = options.clock ?? systemClock;
  const limits: LinkLimits = {
    ...DEFAULT_LIMITS,
    maxPayloadBytes: options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES,
    ...(options.windowBytes !== undefined && { windowBytes: options.windowBytes }),
  };
  const links = new LinkKeeper<ClientLink>(clock, (link) => {
    if (link.idleTicks >= IDLE_TICKS) link.drain();
  });
  const byAddress = new Map<string, ClientLink>();
  /** The same without making a string of the address for each call. */
  const byPeer = new WeakMap<Peer, ClientLink>();
  /** Peers whose Unix socket is not there for us, though they may be: they are called at their address. */
  const withoutPath = new WeakSet<Peer>();
  const metrics = options.telemetry && linkMetrics(options.telemetry, 'client', links, clock);
  let whenEmpty: (() => void) | undefined;
  let lost: (peer: Peer, because: string) => void = () => {};
  let closed = false;

  function linkTo(peer: Peer): ClientLink {
    const known = byPeer.get(peer);
    if (known && !known.isEnded) return known;
    const path = withoutPath.has(peer) ? undefined : pathOf(peer);
    const address = peer.address && (path ?? addressOf(peer));
    if (!address || closed) throw notCallable(peer, closed);
    let link = byAddress.get(address);
    if (!link) {
      link = context.detach(() => open(address, path, peer));
      byAddress.set(address, link);
      links.add(link);
    }
    byPeer.set(peer, link);
    return link;
  }

  function open(address: string, path: string | undefined, peer: Peer): ClientLink {
    const where = path === undefined ? { ...peer.address! } : { path };
    const socket = options.tls ? connectSecurely({ ...where, ...options.tls }) : connect(where);
    return new ClientLink(socket, {
      address,
      instance: options.instance ?? '',
      limits,
      onEnd(link, reason) {
        byAddress.delete(address);
        links.delete(link);
        if (reason) {
          metrics?.ended(address, reason);
          if (path !== undefined && isMissing(reason)) withoutPath.add(peer);
          else lost(peer, `the link to it ended: ${reason.message}`);
        }
        if (links.size === 0) whenEmpty?.();
      },
    });
  }

  function begin(peer: Peer, call: Call, outcome: Outcome<unknown>): void {
    try {
      new OutgoingUnary(linkTo(peer), call, contextOf(call), outcome).begin();
    } catch (error) {
      outcome.failed(error);
    }
  }

  return {
    name: 'link',

    call(peer, call) {
      if (call.procedure.stream) return streamOver(() => linkTo(peer), call, contextOf(call));
      return new Promise((resolve, reject) => begin(peer, call, { succeeded: resolve, failed: reject }));
    },

    begin,

    onLost(listener) {
      lost = listener;
    },

    async close() {
      closed = true;
      lost = () => {};
      metrics?.[Symbol.dispose]();
      if (links.size === 0) return;
      const empty = new Promise<void>((resolve) => {
        whenEmpty = resolve;
      });
      for (const link of links) link.drain();
      const cut = setTimeout(() => {
        for (const link of links) link.destroy(new GoblinError('CANCELED'));
      }, CLOSE_TIMEOUT_MS);
      await empty;
      clearTimeout(cut);
    },
  };
}

/** The Unix socket of a peer on this machine. */
function pathOf({ address, link }: Peer): string | undefined {
  return address && isLoopback(address.host) ? link?.path : undefined;
}

/** Somebody has removed it, or we may not open it. */
function isMissing({ code }: Error & { code?: string }): boolean {
  return code === 'ENOENT' || code === 'EACCES';
}

function notCallable(peer: Peer, closed: boolean): GoblinError {
  return new GoblinError('UNAVAILABLE', {
    message: closed ? 'the transport is closed' : `${peer.instance} is a pure client: it has no address`,
    data: { started: false },
  });
}
