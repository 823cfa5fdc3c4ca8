/** JSON Patch (RFC 6902), as much of it as a live state needs: the operations add, remove and replace. Browsers and the terminal run this
 * too, so it needs nothing. */

export type Operation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

type Holder = Record<string, unknown> | unknown[];

/** The document with all operations applied. It is left as it is itself, and what no operation touches is the same object in both, so
 * that who compares by identity sees what has changed.
 * @throws RangeError where a path leads nowhere: the patch is of another document */
export function applyPatch<T>(document: T, patch: readonly Operation[]): T {
  const root: Record<string, unknown> = { document };
  /** What was copied already, and may be changed. */
  const ours = new Set<unknown>();

  function within(holder: Holder, key: string, path: string): Holder {
    const child = Object.hasOwn(holder, key) ? (holder as Record<string, unknown>)[key] : undefined;
    if (typeof child !== 'object' || child === null) leadsNowhere(path);
    if (ours.has(child)) return child as Holder;
    const copy = Array.isArray(child) ? [...child] : { ...child };
    ours.add(copy);
    put(holder, key, copy);
    return copy as Holder;
  }

  for (const operation of patch) {
    const keys = ['document', ...operation.path.split('/').slice(1).map(unescaped)];
    const last = keys.pop()!;
    let holder: Holder = root;
    for (const key of keys) holder = within(holder, key, operation.path);
    if (Array.isArray(holder)) changeList(holder, last, operation);
    else changeRecord(holder, last, operation);
  }
  return root.document as T;
}

/** A key as it stands in a path. */
export function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function unescaped(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

function changeList(list: unknown[], key: string, operation: Operation): void {
  const at = /^(?:0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
  const isThere = at < list.length || (operation.op === 'add' && at === list.length);
  if (!isThere) leadsNowhere(operation.path);
  if (operation.op === 'add') list.splice(at, 0, operation.value);
  else if (operation.op === 'remove') list.splice(at, 1);
  else list[at] = operation.value;
}

function changeRecord(record: Record<string, unknown>, key: string, operation: Operation): void {
  if (operation.op !== 'add' && !Object.hasOwn(record, key)) leadsNowhere(operation.path);
  if (operation.op === 'remove') delete record[key];
  else put(record, key, operation.value);
}

/** An assignment would take `__proto__` for something else than a key. */
function put(holder: Holder, key: string, value: unknown): void {
  if (key !== '__proto__') (holder as Record<string, unknown>)[key] = value;
  else Object.defineProperty(holder, key, { value, configurable: true, enumerable: true, writable: true });
}

function leadsNowhere(path: string): never {
  throw new RangeError(`there is nothing at ${path}`);
}
