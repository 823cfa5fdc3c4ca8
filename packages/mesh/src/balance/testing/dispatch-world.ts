/** For tests: a dispatcher with its balancer and directory over a virtual clock, and some ready peers. */
import { context, type VirtualClock, virtualClock } from '@goblin/core';
import { createDirectory, type Directory } from '../../discovery/directory.ts';
import { announcement, recorder } from '../../discovery/testing/recorder.ts';
import { createDispatcher, type Dispatcher, type Target } from '../../dispatcher.ts';
import type { Announcement } from '../../peer.ts';
import { type Balancer, createBalancer } from '../balancer.ts';
import { seededRandom } from './seeded-random.ts';

export interface World {
  readonly clock: VirtualClock;
  readonly telemetry: ReturnType<typeof recorder>;
  readonly directory: Directory;
  readonly balancer: Balancer;
  readonly dispatcher: Dispatcher;
  readonly target: Target;
  join(instance: string, changes?: Partial<Announcement>): void;
}

export function setUp(peers: number, seed = 1): World {
  const clock = virtualClock();
  const telemetry = recorder();
  const random = seededRandom(seed);
  const directory = createDirectory({ clock, ...telemetry });
  const balancer = createBalancer({ clock, ...telemetry, random });
  const dispatcher = createDispatcher({ directory, balancer, clock, metrics: telemetry.metrics, random });
  const target: Target = { name: 'tax.v1', candidates: () => directory.answering('tax.v1') };
  const join: World['join'] = (instance, changes) =>
    directory.heard(announcement(instance, changes), { by: 'test', at: clock.now(), forMs: 3_600_000 });
  for (let i = 0; i < peers; i++) join(`tax-${i}`);
  return { clock, telemetry, directory, balancer, dispatcher, target, join };
}

/** Runs under a deadline on the virtual clock. */
export function within<T>({ clock }: World, ms: number, work: () => Promise<T>): Promise<T> {
  return context.run({ deadline: clock.now() + ms }, work);
}

/** What a promise came to, for looking at without awaiting. */
export function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; settled: boolean } {
  const watched: { value?: T; error?: unknown; settled: boolean } = { settled: false };
  promise.then(
    (value) => Object.assign(watched, { value, settled: true }),
    (error) => Object.assign(watched, { error, settled: true }),
  );
  return watched;
}
