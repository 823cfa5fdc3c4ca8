/** Two traces beside each other, frame by frame (flame.ts): what took longer, what is new and what is gone. */
import type { Frame } from './flame.ts';

export interface ComparedFrame {
  readonly path: string;
  readonly service: string;
  readonly name: string;
  readonly depth: number;
  /** Undefined where a trace does not have it. */
  readonly one: Frame | undefined;
  readonly other: Frame | undefined;
  /** How much longer it takes in the other one; negative for less. */
  readonly differenceMs: number;
}

/** In the order of the tree; under one parent what differs most comes first. */
export function compare(one: Frame, other: Frame): ComparedFrame[] {
  const rows: ComparedFrame[] = [];
  const add = (a: Frame | undefined, b: Frame | undefined, depth: number): void => {
    const keys = new Set([...(a?.children.keys() ?? []), ...(b?.children.keys() ?? [])]);
    const pairs = [...keys].map((key) => row(a?.children.get(key), b?.children.get(key), depth));
    pairs.sort((x, y) => Math.abs(y.differenceMs) - Math.abs(x.differenceMs));
    for (const pair of pairs) {
      rows.push(pair);
      add(pair.one, pair.other, depth + 1);
    }
  };
  add(one, other, 0);
  return rows;
}

function row(one: Frame | undefined, other: Frame | undefined, depth: number): ComparedFrame {
  const { path, service, name } = (one ?? other)!;
  return {
    path,
    service,
    name,
    depth,
    one,
    other,
    differenceMs: (other?.totalMs ?? 0) - (one?.totalMs ?? 0),
  };
}
