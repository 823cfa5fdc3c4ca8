/** Tells the others when this process becomes busy, so that calls from its zone spill over to other zones
 * (balance/locality.ts). Every report goes to every member, so there are few: three steps of busy and none below,
 * after SAMPLE_MS of looking, and at most one per QUIET_MS. */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Clock } from '@goblin/core';

const SAMPLE_MS = 10_000;
const QUIET_MS = 30_000;
/** From which share of its time on a process counts as so busy. */
const STEPS = [0.95, 0.85, 0.75];
/** It counts as less busy only when it is by this much. */
const SLACK = 0.05;

/** @param announce told of each change.
 * @param utilization of the event loop since a former reading. */
export function reportLoad(
  clock: Clock,
  announce: (load: number) => void,
  utilization: (since?: EventLoopUtilization) => EventLoopUtilization = (since) =>
    performance.eventLoopUtilization(since),
): { cancel(): void } {
  let told = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let last = utilization();
  return clock.every(SAMPLE_MS, () => {
    const { utilization: busy } = utilization(last);
    last = utilization();
    const step = stepOf(busy);
    if (step === told || (step < told && busy > told - SLACK) || clock.now() - toldAt < QUIET_MS) return;
    told = step;
    toldAt = clock.now();
    announce(step);
  });
}

function stepOf(busy: number): number {
  return STEPS.find((step) => busy >= step) ?? 0;
}
