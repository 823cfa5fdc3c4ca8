/** Which services have to do with each other, by who calls whom. An incident remembers the calls around its services: those of a
 * service that is down are not seen any more when somebody asks. */
import type { Flow } from '../live/wall-state.ts';

/** One who calls, and who is called. */
export type Edge = readonly [from: string, to: string];

/** An incident remembers no more. */
const MAX_EDGES = 1_000;

/** Those that call one of these, or are called by one. */
export function neighboursOf(services: Iterable<string>, edges: readonly Edge[]): Set<string> {
  const set = new Set(services);
  const near = new Set<string>();
  for (const [from, to] of edges) {
    if (set.has(from)) near.add(to);
    if (set.has(to)) near.add(from);
  }
  return near;
}

/** Everything that these depend on, and everything that depends on them, however far; with themselves. */
export function relatedTo(services: Iterable<string>, edges: readonly Edge[]): Set<string> {
  const start = [...services];
  const downstream = reached(start, edges);
  const upstream = reached(
    start,
    edges.map(([from, to]) => [to, from]),
  );
  return downstream.union(upstream);
}

/** What is known of the calls around these services, with what is seen of them now. */
export function edgesAround(
  services: Iterable<string>,
  known: readonly Edge[],
  flows: readonly Flow[],
): Edge[] {
  const all = new Map(
    [...known, ...flows.map(({ from, to }): Edge => [from, to])].map((edge) => [JSON.stringify(edge), edge]),
  );
  const edges = [...all.values()];
  const related = relatedTo(services, edges);
  return edges.filter(([from, to]) => related.has(from) && related.has(to)).slice(0, MAX_EDGES);
}

function reached(start: readonly string[], edges: readonly Edge[]): Set<string> {
  const next = new Map<string, string[]>();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const found = new Set(start);
  // A set is walked in the order in which it grows.
  for (const service of found) for (const to of next.get(service) ?? []) found.add(to);
  return found;
}
