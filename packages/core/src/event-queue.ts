/** What is to happen later, the earliest first: a binary heap, so that simulators with a hundred thousand timers
 * stay fast. Events of the same time come out in the order they were put in. */

export interface QueuedEvent {
  /** When it is due. */
  readonly at: number;
  /** It stays in the queue until its time, and is passed over then. */
  cancelled: boolean;
  readonly run: () => void;
}

interface Entry extends QueuedEvent {
  readonly order: number;
}

export interface EventQueue {
  /** Those included that were cancelled and whose time has not come. */
  readonly size: number;
  add(at: number, run: () => void): QueuedEvent;
  /** Takes out the earliest event that is due by `until`; undefined when there is none. */
  take(until: number): QueuedEvent | undefined;
}

export function eventQueue(): EventQueue {
  /** Each entry comes before both of its children, at 2i+1 and 2i+2. */
  const heap: Entry[] = [];
  let order = 0;

  function rise(entry: Entry): void {
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent]!;
      if (!isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  /** Puts the entry in the place of the first. */
  function sink(entry: Entry): void {
    const { length } = heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, entry)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = entry;
  }

  function removeFirst(): void {
    const last = heap.pop()!;
    if (heap.length > 0) sink(last);
  }

  return {
    get size() {
      return heap.length;
    },
    add(at, run) {
      const entry: Entry = { at, order: order++, run, cancelled: false };
      rise(entry);
      return entry;
    },
    take(until) {
      for (let first = heap[0]; first && (first.cancelled || first.at <= until); first = heap[0]) {
        removeFirst();
        if (!first.cancelled) return first;
      }
      return undefined;
    },
  };
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
