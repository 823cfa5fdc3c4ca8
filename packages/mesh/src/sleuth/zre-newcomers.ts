/** How many peers a node takes in: so many in all and of one address, and so many new ones in a second, so that neither a
 * storm of beacons nor one machine can fill the table or make us connect without end. */
export const MAX_PEERS = 1_000;
export const MAX_PER_ADDRESS = 256;
const NEW_PER_SECOND = 200;
const NEW_PER_ADDRESS = 100;

interface Placed {
  readonly address: string;
}

export class Newcomers {
  /** How many were met within this second, by address. */
  readonly #met = new Map<string, number>();
  #metInAll = 0;

  nextSecond(): void {
    this.#met.clear();
    this.#metInAll = 0;
  }

  /** Whether there is room for one more from there; then it counts. */
  admit(address: string, peers: ReadonlyMap<string, Placed>): boolean {
    const met = this.#met.get(address) ?? 0;
    if (met >= NEW_PER_ADDRESS || this.#metInAll >= NEW_PER_SECOND) return false;
    if (peers.size >= MAX_PEERS || countAt(address, peers.values()) >= MAX_PER_ADDRESS) return false;
    this.#met.set(address, met + 1);
    this.#metInAll += 1;
    return true;
  }
}

export function countAt(address: string, all: Iterable<Placed>): number {
  let count = 0;
  for (const one of all) if (one.address === address) count += 1;
  return count;
}
