/** Says for a person who is known and who is missing, for errors about missing peers. */
import type { Peer, PeerState } from '../peer.ts';
import type { Directory } from './directory.ts';

const MAX_LISTED = 12;

/** `tax.v1 (never seen), receipts (1 starting)` */
export function describeMissing(directory: Directory, names: readonly string[]): string {
  return names.map((name) => `${name} (${stateOf(directory, name)})`).join(', ');
}

/** `Known are payments (2 ready), receipts (1 starting): start what is missing, or look at goblin ls` */
export function describeKnown(directory: Directory): string {
  const groups = Map.groupBy(
    directory.peers.filter((peer) => peer.service !== undefined),
    (peer) => peer.service!,
  );
  if (groups.size === 0) {
    return 'No service is known at all: start one, and check that cluster name, key and finders are the same everywhere';
  }
  const listed = [...groups].slice(0, MAX_LISTED).map(([service, peers]) => `${service} (${count(peers)})`);
  const more = groups.size > MAX_LISTED ? ` and ${groups.size - MAX_LISTED} more` : '';
  return `Known are ${listed.join(', ')}${more}: start what is missing, or look at goblin ls`;
}

function stateOf(directory: Directory, name: string): string {
  const peers = directory.peers.filter((peer) => peer.service === name || peer.contracts.includes(name));
  if (peers.length > 0) return count(peers);
  return directory.knows(name) ? 'left' : 'never seen';
}

function count(peers: readonly Peer[]): string {
  const states: PeerState[] = ['ready', 'starting', 'draining'];
  return states
    .map((state) => [peers.filter((peer) => peer.state === state).length, state] as const)
    .filter(([number]) => number > 0)
    .map(([number, state]) => `${number} ${state}`)
    .join(', ');
}
