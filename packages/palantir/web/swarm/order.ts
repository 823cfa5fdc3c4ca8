/** The order in which things are placed: by name, numbers within names by their value. Nothing else decides, so a place once learned
 * is found again. */
import type { ServiceState } from '../../src/live/wall-state.ts';

const collator = new Intl.Collator('en', { numeric: true });

export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return collator.compare(a.name, b.name);
}

const URGENCY: Readonly<Record<ServiceState, number>> = { down: 0, degraded: 1, unknown: 2, ok: 2 };

/** What is not well first, in lists that are read from the top. */
export function inOrder<S extends { readonly name: string; readonly state: ServiceState }>(
  services: readonly S[],
): S[] {
  return [...services].sort((a, b) => URGENCY[a.state] - URGENCY[b.state] || byName(a, b));
}

export function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}
