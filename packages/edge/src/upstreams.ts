/** The connections to the instances behind the edge: one pool of HTTP/1.1 connections per address, made when it is
 * first needed and closed when the directory forgets the instance. How long an answer may take is not decided here:
 * the deadline of the request and the dispatcher's patience with a silent instance watch over that. */
import { addressOf, type Directory, type Peer } from '@goblin/mesh';
import { Pool } from 'undici';
import type { EdgeLimits } from './limits.ts';

const MAX_ANSWER_HEADER_BYTES = 32_768;

export interface Upstreams {
  /** The connections to a peer that has an address. */
  of(peer: Peer): Pool;
  /** Ends what still runs. */
  stop(): Promise<void>;
}

export function upstreams(directory: Directory, limits: EdgeLimits): Upstreams {
  const pools = new Map<string, Pool>();
  const unsubscribe = directory.subscribe(({ kind, peer }) => {
    const address = addressOf(peer);
    if (kind !== 'left' || directory.peers.some((other) => addressOf(other) === address)) return;
    const pool = pools.get(address);
    pools.delete(address);
    // What runs on it may still end well: that it has left can be a mistake.
    pool?.close().catch(() => {});
  });

  return {
    of(peer) {
      const address = addressOf(peer);
      let pool = pools.get(address);
      if (!pool) {
        pool = new Pool(`http://${urlHost(peer)}:${peer.address!.port}`, {
          connections: limits.connectionsPerPeer,
          pipelining: 1,
          allowH2: false,
          connect: { timeout: limits.connectTimeoutMs },
          headersTimeout: 0,
          bodyTimeout: limits.upstreamIdleMs,
          maxHeaderSize: MAX_ANSWER_HEADER_BYTES,
        });
        pools.set(address, pool);
      }
      return pool;
    },
    async stop() {
      unsubscribe();
      const stopped = [...pools.values()].map((pool) => pool.destroy());
      pools.clear();
      await Promise.allSettled(stopped);
    },
  };
}

function urlHost(peer: Peer): string {
  const { host } = peer.address!;
  return host.includes(':') ? `[${host}]` : host;
}
