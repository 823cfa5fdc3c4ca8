/** Where slots stand within a box, by service. Where there is space each service has its name above its slots; else it has lines of its
 * own; else slots simply follow one another. Squares are as large as the space allows, and never smaller than MIN_SQUARE: beyond that
 * the plan is higher than its space. */
export interface Group {
  readonly name: string;
  /** The most slots that one box holds. */
  readonly size: number;
}

type Place = (index: number) => readonly [x: number, y: number];

export interface SlotPlan {
  readonly square: number;
  readonly height: number;
  readonly place: ReadonlyMap<string, Place>;
  /** Names above slots. */
  readonly labels: readonly {
    readonly name: string;
    readonly x: number;
    readonly y: number;
    readonly width: number;
  }[];
}

/** In pixels. Below the second, lines of their own for each service cost more than they tell. */
export const MIN_SQUARE = 2;
const SMALLEST_TILED = 4;
/** In heights of text. */
const LABEL = 1.35;
const TILE = 9;
const TILE_GAP = 0.55;
const LARGEST_SQUARE = 1.7;
const SMALLEST_LABELLED = 0.7;
const LARGEST_CLOSE = 1.6;
const MAX_TILES = 12;

export function planSlots(
  groups: readonly Group[],
  { width, height, text, isNamed }: { width: number; height: number; text: number; isNamed: boolean },
): SlotPlan {
  return (isNamed ? named(groups, width, height, text) : undefined) ?? close(groups, width, height, text);
}

/** Each service with its name above its slots. */
function named(groups: readonly Group[], width: number, height: number, text: number): SlotPlan | undefined {
  const most = Math.max(1, Math.floor(width / (TILE * text)));
  const sizes = { largest: LARGEST_SQUARE * text, smallest: SMALLEST_LABELLED * text };
  return tiled(groups, width, height, most, sizes, LABEL * text, () => TILE_GAP * text);
}

/** Without names: services one after another, each on lines of its own while that fits. */
function close(groups: readonly Group[], width: number, height: number, text: number): SlotPlan {
  const sizes = { largest: LARGEST_CLOSE * text, smallest: SMALLEST_TILED };
  return (
    tiled(groups, width, height, MAX_TILES, sizes, 0, (square) => Math.ceil(square * 0.4)) ??
    flowing(groups, width, height, text)
  );
}

/** A raster of one tile per service, with the number of columns that leaves the largest squares. */
function tiled(
  groups: readonly Group[],
  width: number,
  height: number,
  mostColumns: number,
  { largest, smallest }: { largest: number; smallest: number },
  label: number,
  gapFor: (square: number) => number,
): SlotPlan | undefined {
  let best: SlotPlan | undefined;
  for (let columns = 1; columns <= Math.min(mostColumns, groups.length); columns++) {
    for (let square = Math.round(largest); square >= Math.max(smallest, best?.square ?? 0); square--) {
      const plan = tiles(groups, width, columns, square, label, gapFor(square));
      if (!plan || plan.height > height) continue;
      if (!best || plan.square > best.square || plan.height < best.height) best = plan;
      break;
    }
  }
  return best;
}

function tiles(
  groups: readonly Group[],
  width: number,
  columns: number,
  square: number,
  label: number,
  gap: number,
): SlotPlan | undefined {
  const tile = (width + gap) / columns;
  const step = square + gapOf(square);
  const perLine = Math.floor((tile - gap + gapOf(square)) / step);
  if (perLine < 1) return undefined;
  const place = new Map<string, Place>();
  const labels: { name: string; x: number; y: number; width: number }[] = [];
  let top = 0;
  for (let first = 0; first < groups.length; first += columns) {
    const line = groups.slice(first, first + columns);
    const y = top;
    for (const [index, { name }] of line.entries()) {
      const x = Math.round(index * tile);
      if (label > 0) labels.push({ name, x, y, width: tile - gap });
      place.set(name, (at) => [x + (at % perLine) * step, y + label + Math.floor(at / perLine) * step]);
    }
    const lines = Math.max(...line.map(({ size }) => Math.ceil(size / perLine)));
    top += label + lines * step + gap;
  }
  return { square, height: top, place, labels };
}

function flowing(groups: readonly Group[], width: number, height: number, text: number): SlotPlan {
  const starts = new Map<string, number>();
  let count = 0;
  for (const { name, size } of groups) {
    starts.set(name, count);
    count += size;
  }
  for (let square = Math.max(MIN_SQUARE, Math.round(LARGEST_CLOSE * text)); ; square--) {
    const step = square + gapOf(square);
    const perLine = Math.max(1, Math.floor((width + gapOf(square)) / step));
    const needed = Math.ceil(count / perLine) * step;
    if (needed > height && square > MIN_SQUARE) continue;
    const at = (place: number) => [(place % perLine) * step, Math.floor(place / perLine) * step] as const;
    const place = new Map<string, Place>(
      [...starts].map(([name, start]) => [name, (index) => at(start + index)]),
    );
    return { square, height: needed, place, labels: [] };
  }
}

function gapOf(square: number): number {
  return Math.max(1, Math.round(square / 7));
}
