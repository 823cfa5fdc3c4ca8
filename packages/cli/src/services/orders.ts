/** Gives one order to many processes of the project, and brings what each made of it. */
import { GoblinError } from '@goblin/core';
import type { Project } from '@goblin/deploy/project';
import { type Mesh, type Peer, sendOrder } from '@goblin/mesh';

const AT_ONCE = 32;
const DEADLINE = '3s';

/** What a process made of an order. */
export interface Told<T> {
  readonly peer: Peer;
  readonly result?: T;
  readonly error?: GoblinError;
}

/** The running processes of ours, those that are starting too. Programs that are not ours take no orders, nor do pure
 * clients. */
export function processesOf({ model }: Project, { directory }: Mesh): Peer[] {
  return directory.peers.filter(
    ({ service }) => service !== undefined && model.services[service]?.kind !== 'program',
  );
}

/** Settles when all have answered or their time is over; in the order of `peers`. Never rejects. */
export async function tellAll<T>(
  mesh: Mesh,
  peers: readonly Peer[],
  order: string,
  args?: unknown,
): Promise<Told<T>[]> {
  const told: Told<T>[] = [];
  const waiting = peers.entries();
  const work = async (): Promise<void> => {
    for (const [at, peer] of waiting) told[at] = await tell(mesh, peer, order, args);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, peers.length) }, work));
  return told;
}

async function tell<T>(mesh: Mesh, peer: Peer, order: string, args: unknown): Promise<Told<T>> {
  try {
    return { peer, result: (await sendOrder(mesh, peer, order, args, { deadline: DEADLINE })) as T };
  } catch (thrown) {
    const error = thrown instanceof GoblinError ? thrown : new GoblinError('INTERNAL', { cause: thrown });
    return { peer, error };
  }
}

/** One that says why, when none of them did what it was told. @throws it */
export function mustHaveReached<T>(told: readonly Told<T>[]): void {
  const [first] = told;
  if (first?.error && told.every(({ error }) => error)) throw first.error;
}
