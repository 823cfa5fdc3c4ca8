/** The numbers of controlled delay (CoDel; Nichols and Jacobson, "Controlling Queue Delay", 2012), used in the way of
 * "Fail at Scale" (Maurer, 2015): whoever waits may do so for INTERVAL_MS, so that a burst is worked off; where it has
 * been too much for that long, for TARGET_MS only, so that no queue stands. */

export const INTERVAL_MS = 100;
export const TARGET_MS = 5;
/** Queueing for less harms nobody; a loop or a pool that is just busy is not overloaded. */
export const HARMLESS_MS = 25;
/** How often admission looks at the loop, at who waits and at the limit. */
export const TICK_MS = 10;

export type RefusalReason = 'queue_full' | 'waited' | 'loop_late';
/** Why work that asked to begin never did. */
export type GivenUpReason = RefusalReason | 'deadline' | 'canceled';
