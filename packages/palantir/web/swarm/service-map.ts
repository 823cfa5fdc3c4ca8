/** Where the services stand: three bands, what takes requests from outside first, then services, then what they lean on (programs,
 * containers). In a band they stand row by row in the order of their names, so a new one moves only those behind it, by one place. The
 * number of columns comes from the space and from a few steps of how many there are.
 *
 * Services are shown with their numbers, with their name only, or as signs: the most that fits. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The space that there is. */
export interface Area extends Omit<Box, 'height'> {
  readonly maxHeight: number;
}

export type Detail = 'full' | 'name' | 'sign';

export interface Chip {
  readonly name: string;
  readonly box: Box;
}

export interface ServiceMap {
  readonly detail: Detail;
  readonly chips: readonly Chip[];
  readonly height: number;
}

/** All sizes in heights of text. */
interface Form {
  readonly detail: Detail;
  readonly width: number;
  readonly height: number;
  readonly gapX: number;
  readonly gapY: number;
}

const FORMS: readonly Form[] = [
  { detail: 'full', width: 9.4, height: 3, gapX: 2, gapY: 0.9 },
  { detail: 'name', width: 6.5, height: 1.7, gapX: 2, gapY: 0.9 },
];
const SIGN: Form = { detail: 'sign', width: 1.1, height: 1.1, gapX: 0.9, gapY: 0.9 };
/** Signs become smaller until all of them fit. */
const SHRINK = 0.85;
/** What a name takes, for each letter and besides: longer names than MAX_LETTERS are cut. */
const LETTER = 0.64;
const BESIDES = 2.5;
const MAX_LETTERS = 16;
/** More services than this do not stand one band below another in full: lines between them would have no space. */
const MAX_STACKED = 12;
/** More space between than this does not help the eye. */
const MAX_GAP = 5.5;
const MAX_GAP_UPRIGHT = 2.6;
const MAX_GAP_X = 9;
const MAX_SIGN_GAP = 3.5;
/** The band of the services themselves, that may have several columns. */
const MIDDLE = 1;

interface Cell {
  readonly name: string;
  readonly column: number;
  readonly row: number;
}

interface Grid {
  readonly cells: readonly Cell[];
  readonly columns: number;
  readonly rows: number;
}

export function placeServices(bands: readonly (readonly string[])[], space: Area, text: number): ServiceMap {
  // There is a pixel at least, so that signs small enough fit.
  const area = { ...space, width: Math.max(1, space.width), maxHeight: Math.max(1, space.maxHeight) };
  const names = bands.flat();
  const letters = Math.min(MAX_LETTERS, Math.max(0, ...names.map(({ length }) => length)));
  for (const form of FORMS) {
    const width = Math.max(form.width, BESIDES + letters * LETTER);
    const mayStack = form.detail === 'name' || names.length <= MAX_STACKED || area.width < area.maxHeight;
    const map = placeAs({ ...form, width }, bands, area, text, mayStack);
    if (map) return map;
  }
  for (let size = text; ; size *= SHRINK) {
    const map = placeAs(SIGN, bands, area, size, true);
    if (map) return map;
  }
}

function placeAs(
  form: Form,
  bands: readonly (readonly string[])[],
  area: Area,
  text: number,
  mayStack: boolean,
): ServiceMap | undefined {
  const columns = fitting(area.width, form.width * text, form.gapX * text);
  const rows = fitting(area.maxHeight, form.height * text, form.gapY * text);
  if (columns < 1 || rows < 1) return undefined;
  const beside = sideBySide(bands, columns, rows);
  if (beside && beside.rows <= rows) return settle(beside, form, area, text);
  const below = mayStack ? oneBelowAnother(bands, columns, rows) : undefined;
  return below && below.rows <= rows ? settle(below, form, area, text) : undefined;
}

function fitting(space: number, size: number, gap: number): number {
  return Math.floor((space + gap) / (size + gap));
}

/** Bands as columns: the outer ones as narrow as they can be, centred beside the middle. */
function sideBySide(
  bands: readonly (readonly string[])[],
  maxColumns: number,
  maxRows: number,
): Grid | undefined {
  const widths = bands.map(({ length }) => Math.ceil(length / maxRows));
  const middle = bands[MIDDLE]!.length;
  const free = maxColumns - widths.reduce((sum, width) => sum + width, 0) + widths[MIDDLE]!;
  if (free < widths[MIDDLE]!) return undefined;
  if (middle > 0) widths[MIDDLE] = Math.min(free, Math.max(columnsFor(middle), widths[MIDDLE]!));
  const heights = bands.map(({ length }, index) => (length > 0 ? Math.ceil(length / widths[index]!) : 0));
  const rows = Math.max(...heights);
  const cells: Cell[] = [];
  let column = 0;
  for (const [index, names] of bands.entries()) {
    const width = widths[index]!;
    const top = (rows - heights[index]!) / 2;
    for (const [place, name] of names.entries())
      cells.push({ name, column: column + (place % width), row: top + Math.floor(place / width) });
    column += width;
  }
  return { cells, columns: column, rows };
}

/** Bands as rows, from the top. */
function oneBelowAnother(bands: readonly (readonly string[])[], maxColumns: number, maxRows: number): Grid {
  const rowsWith = (columns: number): number =>
    bands.reduce((sum, { length }) => sum + Math.ceil(length / columns), 0);
  let columns = Math.min(maxColumns, Math.max(1, ...bands.map(({ length }) => columnsFor(length))));
  while (columns < maxColumns && rowsWith(columns) > maxRows) columns += 1;
  const cells: Cell[] = [];
  let row = 0;
  for (const names of bands) {
    for (const [place, name] of names.entries()) {
      const lineStart = place - (place % columns);
      const inLine = Math.min(columns, names.length - lineStart);
      // A line that is not full stands in the middle only where it is alone: others keep their columns.
      const indent = names.length < columns ? (columns - inLine) / 2 : 0;
      cells.push({ name, column: indent + (place % columns), row: row + Math.floor(place / columns) });
    }
    row += Math.ceil(names.length / columns);
  }
  return { cells, columns, rows: row };
}

/** 1 column for one, 2 up to 6, 3 up to 15, 4 up to 28: a column more, and with it new places for many, is a rare thing. */
function columnsFor(count: number): number {
  let columns = 1;
  while (count > columns * (2 * columns - 1)) columns += 1;
  return columns;
}

function settle(
  { cells, columns, rows }: Grid,
  { detail, width, height }: Form,
  area: Area,
  text: number,
): ServiceMap {
  const [w, h] = [width * text, height * text];
  const maxGapY = area.width < area.maxHeight ? MAX_GAP_UPRIGHT : MAX_GAP;
  const stepX = spread(area.width, columns, w, (detail === 'sign' ? MAX_SIGN_GAP : MAX_GAP_X) * text);
  const stepY = spread(area.maxHeight, rows, h, (detail === 'sign' ? MAX_SIGN_GAP / 2 : maxGapY) * text);
  const left = area.x + Math.max(0, (area.width - (columns - 1) * stepX - w) / 2);
  const chips = cells.map(({ name, column, row }) => ({
    name,
    box: {
      x: Math.round(left + column * stepX),
      y: Math.round(area.y + row * stepY),
      width: Math.round(w),
      height: Math.round(h),
    },
  }));
  return { detail, chips, height: rows > 0 ? (rows - 1) * stepY + h : 0 };
}

/** From one to the next: as far as the space allows, and no farther than looks well. */
function spread(space: number, count: number, size: number, maxGap: number): number {
  return count < 2 ? 0 : Math.min(size + maxGap, (space - size) / (count - 1));
}
