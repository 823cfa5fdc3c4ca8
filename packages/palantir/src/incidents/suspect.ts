/** Which change is suspected first of having broken something: the latest one before it broke, of the services themselves or of
 * anything that they depend on or that depends on them. Restarts are rather what follows, and so is what was changed after the
 * trouble had begun, such as a rollback: they are suspected only where there is nothing else. */
import type { Change } from '../changes/change.ts';

/** How long before the opening a change is looked for. */
export const SUSPECT_MS: number = 30 * 60_000;
/** Changes are seen up to so long after they happen. */
const SEEN_LATE_MS = 5_000;

export interface Trouble {
  readonly beganMs: number;
  readonly openedMs: number;
  /** Its services and what has to do with them. */
  readonly related: ReadonlySet<string>;
}

export function suspectOf(
  changes: readonly Change[],
  { beganMs, openedMs, related }: Trouble,
): Change | undefined {
  const rank = ({ kind, atMs }: Change): number =>
    (kind === 'restart' ? 2 : 0) + (atMs > beganMs + SEEN_LATE_MS ? 1 : 0);
  return changes
    .filter(({ atMs }) => atMs >= openedMs - SUSPECT_MS && atMs <= openedMs)
    .filter(({ service }) => service === undefined || related.has(service))
    .sort((a, b) => rank(a) - rank(b) || b.atMs - a.atMs || b.id - a.id)[0];
}
