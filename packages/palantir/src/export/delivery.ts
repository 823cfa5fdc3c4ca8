/** Brings a portion to its receiver: again and again while that cannot take it, with growing pauses or as long as it asks for; in halves
 * where it refuses the whole, so that what is good goes out and only the rest is skipped. */
import { type Clock, pause } from '@goblin/core';
import type { ExportMeter } from './export-meter.ts';
import type { Exporter, Outcome } from './exporter.ts';
import { halvesOf, type Portion, sizeOf } from './portion.ts';

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** Nobody is waited for longer at a time. */
const MAX_RETRY_AFTER_MS = 300_000;
/** Requests for the parts of one portion: what is refused beyond them is skipped. */
const MAX_PARTS = 64;

export interface DeliveryTools {
  readonly exporter: Exporter;
  readonly meter: ExportMeter;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Runs requests of one exporter one after the other. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** @param isWorthwhile whether it is to be tried again
 * @returns whether all of it was taken or skipped; false when it was not worthwhile any more, or `signal` was aborted */
export async function deliver(
  portion: Portion,
  tools: DeliveryTools,
  isWorthwhile: () => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  let partsLeft = MAX_PARTS;

  async function place(part: Portion): Promise<boolean> {
    const outcome = await patiently(part, tools, isWorthwhile, signal);
    if (!outcome) return false;
    const size = sizeOf(part);
    if (outcome.kind === 'taken') {
      tools.meter.sent(Math.max(0, size - outcome.skipped));
      tools.meter.skipped(outcome.skipped, 'format', outcome.reason);
      return true;
    }
    const halves = halvesOf(part);
    partsLeft -= 2;
    if (!halves || partsLeft < 0) {
      tools.meter.skipped(size, 'refused', outcome.reason);
      return true;
    }
    return (await place(halves[0])) && (await place(halves[1]));
  }

  return place(portion);
}

/** Until it is taken or refused. Undefined where it is given up. */
async function patiently(
  portion: Portion,
  { exporter, meter, clock, random, inTurn }: DeliveryTools,
  isWorthwhile: () => boolean,
  signal: AbortSignal,
): Promise<Exclude<Outcome, { kind: 'later' }> | undefined> {
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    const outcome = await inTurn(() => exporter.send(portion, signal)).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (!outcome) return undefined;
    if (outcome.kind !== 'later') return outcome;
    meter.failed(outcome.reason);
    if (!isWorthwhile()) return undefined;
    const asked = Math.min(outcome.waitMs ?? 0, MAX_RETRY_AFTER_MS);
    await pause(clock, Math.max(asked, pauseMs * (0.5 + random() / 2)), signal);
  }
  return undefined;
}
