/** Sleuth's way of discovery, the ZRE protocol as gyre speaks it, as a baseline in the same network: everybody
 * beacons to all each second, everybody is connected to everybody, and who was not heard for EXPIRED_MS is gone. A
 * model with the protocol's timers and the sizes of its packets, on connections that are never short of
 * descriptors. */
import type { Clock } from '@goblin/core';
import type { Announcement, Endpoint } from '../../src/peer.ts';
import type { Cluster, NodeParts } from './sim-node.ts';

const BEACON_MS = 1_000;
const BEACON_BYTES = 22;
const HELLO_BYTES = 300;
const REAP_MS = 1_000;
const EVASIVE_MS = 3_000;
const EXPIRED_MS = 5_000;

interface Peer {
  readonly announcement: Announcement;
  heardAt: number;
}

/** A node of the model. What goes over the wire are views of an announcement, counted as ZRE's bytes. */
export function zreNode(parts: NodeParts): Cluster {
  const { clock, network, events, random } = parts;
  const self = parts.self();
  const peers = new Map<string, Peer>();
  for (const announcement of parts.known) {
    if (announcement !== self) peers.set(announcement.instance, { announcement, heardAt: clock.now() });
  }
  let stopped = false;
  repeat(clock, random() * BEACON_MS, BEACON_MS, () => !stopped && beacon(self, true));
  repeat(clock, random() * REAP_MS, REAP_MS, () => !stopped && reap());
  beacon(self, true);

  function beacon(from: Announcement, stays: boolean): void {
    network.multicast(BEACON_BYTES, (other) => other.beaconed?.(from, stays));
  }

  function meet(announcement: Announcement): void {
    const peer = peers.get(announcement.instance);
    if (peer) peer.heardAt = clock.now();
    else {
      peers.set(announcement.instance, { announcement, heardAt: clock.now() });
      events.alive(announcement);
    }
  }

  function say(to: Endpoint, answered: (who: Announcement) => void): void {
    const hello = Buffer.alloc(HELLO_BYTES);
    hello.write(JSON.stringify({ host: self.gossip!.host }));
    network.exchange(to, hello, (answer) => {
      const who = answer && network.announcementAt(to.host);
      if (who && !stopped) answered(who);
    });
  }

  function reap(): void {
    const now = clock.now();
    for (const [instance, { announcement, heardAt }] of peers) {
      if (now - heardAt >= EXPIRED_MS) {
        peers.delete(instance);
        events.dead(announcement, 'expired');
      } else if (now - heardAt >= EVASIVE_MS) say(announcement.address!, meet);
    }
  }

  return {
    get size() {
      return peers.size + 1;
    },
    has: (instance) => peers.has(instance),
    receive: () => {},
    answer(body) {
      const { host } = JSON.parse(Buffer.from(body).toString().replace(/\0+$/, '')) as { host: string };
      const who = network.announcementAt(host);
      if (who) meet(who);
      return Buffer.alloc(HELLO_BYTES);
    },
    beaconed(from, stays) {
      if (stopped) return;
      if (stays) {
        const peer = peers.get(from.instance);
        if (peer) peer.heardAt = clock.now();
        else say(from.address!, meet);
        return;
      }
      if (peers.delete(from.instance)) events.left(from);
    },
    contact: () => {},
    suspect: () => {},
    leave() {
      beacon(self, false);
      stopped = true;
    },
    close: () => {
      stopped = true;
    },
  };
}

function repeat(clock: Clock, firstMs: number, periodMs: number, run: () => void): void {
  clock.after(firstMs, () => {
    run();
    repeat(clock, periodMs, periodMs, run);
  });
}
