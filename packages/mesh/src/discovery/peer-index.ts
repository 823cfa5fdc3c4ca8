/** Which peers answer a name. Reading a view allocates nothing: the array is made at the first read after a
 * change and is the same one until the next change. */
import type { Peer } from '../peer.ts';

const NOBODY: readonly Peer[] = [];
/** Names that nobody answers any more are remembered up to this many, so that a call can tell "restarting"
 * from "never seen". */
const MAX_NAMES = 20_000;

interface Entry {
  readonly members: Map<string, Peer>;
  view: readonly Peer[] | undefined;
}

export interface PeerIndex {
  /** The ready peers under this name. */
  ready(name: string): readonly Peer[];
  /** Whether anybody was ever known under this name. */
  knows(name: string): boolean;
  add(name: string, peer: Peer): void;
  remove(name: string, instance: string): void;
}

export function peerIndex(): PeerIndex {
  const entries = new Map<string, Entry>();

  function makeRoom(): void {
    if (entries.size < MAX_NAMES) return;
    for (const [name, entry] of entries) {
      if (entry.members.size > 0) continue;
      entries.delete(name);
      return;
    }
  }

  return {
    ready(name) {
      const entry = entries.get(name);
      if (!entry) return NOBODY;
      entry.view ??= [...entry.members.values()].filter((peer) => peer.state === 'ready' && peer.address);
      return entry.view;
    },
    knows: (name) => entries.has(name),
    add(name, peer) {
      let entry = entries.get(name);
      if (!entry) {
        makeRoom();
        entry = { members: new Map(), view: undefined };
        entries.set(name, entry);
      }
      entry.members.set(peer.instance, peer);
      entry.view = undefined;
    },
    remove(name, instance) {
      const entry = entries.get(name);
      if (entry?.members.delete(instance)) entry.view = undefined;
    },
  };
}
