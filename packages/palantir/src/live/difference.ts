/** What leads from one state to the next, as JSON Patch (json-patch.ts). It knows nothing of what the states mean: objects are compared
 * key by key, lists of objects entry by entry. Entries are told apart by `id`, or else `name`, or else `from` and `to`; those that have
 * none of these by where they stand. Lists of anything else, and lists whose entries stand in another order, are replaced as a whole. */
import { escaped, type Operation } from './json-patch.ts';

type Entry = Readonly<Record<string, unknown>>;

/** Of values as JSON has them; what is undefined is not there. */
export function difference(before: unknown, after: unknown): Operation[] {
  const found: Operation[] = [];
  compare(before, after, '', found);
  return found;
}

function compare(before: unknown, after: unknown, path: string, found: Operation[]): void {
  if (Object.is(before, after)) return;
  if (isList(before) && isList(after)) compareLists(before, after, path, found);
  else if (isEntry(before) && isEntry(after)) compareEntries(before, after, path, found);
  else found.push({ op: 'replace', path, value: after });
}

function compareEntries(before: Entry, after: Entry, path: string, found: Operation[]): void {
  for (const key in before)
    if (before[key] !== undefined && !has(after, key))
      found.push({ op: 'remove', path: `${path}/${escaped(key)}` });
  for (const key in after) {
    const value = after[key];
    if (value === undefined) continue;
    if (!has(before, key)) found.push({ op: 'add', path: `${path}/${escaped(key)}`, value });
    else if (!Object.is(before[key], value)) compare(before[key], value, `${path}/${escaped(key)}`, found);
  }
}

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
  found: Operation[],
): void {
  if (!before.every(isEntry) || !after.every(isEntry)) {
    if (JSON.stringify(before) !== JSON.stringify(after)) found.push({ op: 'replace', path, value: after });
    return;
  }
  if (before.length === after.length && before.every((entry, at) => isSameOne(entry, after[at]!))) {
    for (let at = 0; at < after.length; at++) compare(before[at], after[at], `${path}/${at}`, found);
    return;
  }
  const [old, now] = [byIdentity(before), byIdentity(after)];
  const stayed = [...now.keys()].filter((identity) => old.has(identity));
  const left = [...old.keys()].filter((identity) => now.has(identity));
  if (stayed.some((identity, at) => identity !== left[at])) {
    found.push({ op: 'replace', path, value: after });
    return;
  }
  // From the end, so that those before stay where they are.
  for (const [at, identity] of [...old.keys()].entries().toArray().reverse())
    if (!now.has(identity)) found.push({ op: 'remove', path: `${path}/${at}` });
  for (const [at, [identity, value]] of [...now].entries()) {
    if (old.has(identity)) compare(old.get(identity), value, `${path}/${at}`, found);
    else found.push({ op: 'add', path: `${path}/${at}`, value });
  }
}

/** Entries in their order; of those that have the same identity each further one gets one of its own. */
function byIdentity(list: readonly Entry[]): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  const counts = new Map<string, number>();
  for (const entry of list) {
    const identity = identityOf(entry);
    const count = counts.get(identity) ?? 0;
    counts.set(identity, count + 1);
    entries.set(JSON.stringify([identity, count]), entry);
  }
  return entries;
}

function isSameOne(a: Entry, b: Entry): boolean {
  return identityOf(a) === identityOf(b);
}

function identityOf({ id, name, from, to }: Entry): string {
  return String(id ?? name ?? (from === undefined ? '' : JSON.stringify([from, to])));
}

function has(entry: Entry, key: string): boolean {
  return Object.hasOwn(entry, key) && entry[key] !== undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
