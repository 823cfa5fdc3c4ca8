/** A promise that was broken, and by which item. */
export interface Breach {
  readonly promise: string;
  /** The kind and name of the item: `single 12`. */
  readonly item: string;
  readonly what: string;
}

/** Items that stand more than once, or not at all, or that nobody asked for. */
export function compare(
  expected: Iterable<string>,
  found: Iterable<string>,
): { readonly missing: string[]; readonly twice: string[]; readonly strange: string[] } {
  const wanted = new Set(expected);
  const counts = new Map<string, number>();
  for (const name of found) counts.set(name, (counts.get(name) ?? 0) + 1);
  return {
    missing: [...wanted].filter((name) => !counts.has(name)),
    twice: [...counts].filter(([, count]) => count > 1).map(([name]) => name),
    strange: [...counts.keys()].filter((name) => !wanted.has(name)),
  };
}

/** The breaches of "each of these exactly once, and nothing else". */
export function exactlyOnce(
  kind: string,
  expected: Iterable<string>,
  found: Iterable<string>,
  promises: { readonly lost: string; readonly twice: string },
): Breach[] {
  const { missing, twice, strange } = compare(expected, found);
  const breach =
    (promise: string, what: string) =>
    (name: string): Breach => ({ promise, item: `${kind} ${name}`, what });
  return [
    ...missing.map(breach(promises.lost, 'it was asked for, and it is not there')),
    ...twice.map(breach(promises.twice, 'it is there more than once')),
    ...strange.map(breach('nothing comes of what was rolled back', 'nobody has asked for it')),
  ];
}
