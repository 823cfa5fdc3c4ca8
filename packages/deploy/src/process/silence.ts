/** Judges by its silence whether a process hangs. Time in which the judge itself did not run, because the machine or the
 * supervisor was stopped, is nobody's silence. */
import type { Clock } from '@goblin/core';

const CHECK_MS = 1_000;
const HUNG_MS = 4_000;
export const GIVEN_UP_MS = 15_000;

export interface SilenceWatch {
  heard(): void;
  stop(): void;
}

export interface SilenceListener {
  /** Nothing was heard for HUNG_MS. */
  hung(): void;
  /** Nothing was heard for GIVEN_UP_MS. */
  givenUp(): void;
}

export function watchSilence(listener: SilenceListener, clock: Clock): SilenceWatch {
  let heardAt = clock.now();
  let checkedAt = clock.now();
  const timer = clock.every(CHECK_MS, () => {
    const now = clock.now();
    const missedMs = now - checkedAt - CHECK_MS;
    checkedAt = now;
    if (missedMs > CHECK_MS) heardAt = Math.min(heardAt + missedMs, now);
    const silentMs = now - heardAt;
    if (silentMs > GIVEN_UP_MS) listener.givenUp();
    else if (silentMs > HUNG_MS) listener.hung();
  });
  return {
    heard() {
      heardAt = clock.now();
    },
    stop: () => timer.cancel(),
  };
}
