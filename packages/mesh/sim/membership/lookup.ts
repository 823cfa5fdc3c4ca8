/** What each call pays to learn who could answer it. */
import { virtualClock } from '@goblin/core';
import { createDirectory } from '../../src/discovery/directory.ts';
import { recorder } from '../../src/discovery/testing/recorder.ts';
import { SimNode } from './sim-node.ts';

const SERVICES = 40;
const ROUNDS = 5;
const LOOKUPS = 2_000_000;

/** Nanoseconds per lookup in a directory of so many peers, the median of some rounds. */
export function lookupNanos(peers: number): number {
  const { log, metrics } = recorder();
  const clock = virtualClock();
  const directory = createDirectory({ clock, log, metrics });
  for (let i = 0; i < peers; i++) {
    directory.heard(new SimNode(i).announcement, {
      by: 'membership',
      at: 0,
      forMs: Number.POSITIVE_INFINITY,
    });
  }
  const names = Array.from({ length: SERVICES }, (_, i) => `service-${i}.v1`);
  let found = 0;
  const rounds = Array.from({ length: ROUNDS }, () => {
    const began = performance.now();
    for (let i = 0; i < LOOKUPS; i++) found += directory.answering(names[i % SERVICES]!).length;
    return ((performance.now() - began) / LOOKUPS) * 1e6;
  });
  directory.close();
  if (found === 0) throw new Error('nobody was found');
  return Math.round(rounds.sort((one, other) => one - other)[ROUNDS >> 1]!);
}
