/** A live state in numbered versions, as server-sent events: the whole of a version is the event `wall`, what leads to it from the version
 * before is the event `change`, a JSON Patch. The number is the event's id. What is sent is encoded when somebody needs it first, and
 * once for all. */
import type { Operation } from './json-patch.ts';

/** What has more operations is sent whole. */
const MAX_OPERATIONS = 5_000;

export interface Version {
  readonly number: number;
  whole(): Uint8Array;
  /** For who holds the version before. */
  change(): Uint8Array;
}

/** @param operations what leads to it from the version before; undefined where nobody has that */
export function version(number: number, state: unknown, operations?: readonly Operation[]): Version {
  const whole = once(() => eventText('wall', number, state));
  const isLong = operations === undefined || operations.length > MAX_OPERATIONS;
  return { number, whole, change: isLong ? whole : once(() => eventText('change', number, operations)) };
}

function eventText(event: string, id: number, data: unknown): Uint8Array {
  return Buffer.from(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
