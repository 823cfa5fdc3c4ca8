/** Draws time series as an SVG picture: panels above each other that share the time axis. It reads well on light and
 * dark ground (the viewer's colour scheme), needs no script and no font, and stays small: points that a line does
 * not need are left out. */

export interface Line {
  readonly label: string;
  readonly look: 'ours' | 'theirs' | 'ours-thin' | 'theirs-thin' | 'reference';
  /** One value per step of time; gaps where it is not a number. */
  readonly values: ArrayLike<number>;
}

export interface Panel {
  /** With its unit. */
  readonly label: string;
  readonly scale: 'linear' | 'log';
  readonly lines: readonly Line[];
}

export interface Plot {
  readonly title: string;
  readonly subtitle: string;
  /** What is seen, in words, for who cannot see it. */
  readonly description: string;
  readonly stepMs: number;
  readonly lengthMs: number;
  /** Shaded. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly panels: readonly Panel[];
}

const WIDTH = 820;
const LEFT = 64;
const RIGHT = 150;
const TOP = 80;
const PANEL = 150;
const GAP = 40;
const BOTTOM = 40;
const TICKS = 4;

const STYLE = `svg{color:#1f2328;background:#fff;font:12px system-ui,sans-serif}text{fill:currentColor}
.t{font-size:16px;font-weight:600}.m{opacity:.75}.g{stroke:currentColor;opacity:.14}.a{stroke:currentColor;opacity:.5}
.w{fill:currentColor;opacity:.07}.l{fill:none;stroke-linejoin:round}
.ours,.ours-thin{stroke:#0969da}.theirs,.theirs-thin{stroke:#cf5b00}.reference{stroke:currentColor;stroke-dasharray:4 3;opacity:.6}
.ours,.theirs{stroke-width:2}.ours-thin,.theirs-thin{stroke-width:1.3;stroke-dasharray:2 2}
@media(prefers-color-scheme:dark){svg{color:#e6edf3;background:#0d1117}.ours,.ours-thin{stroke:#58a6ff}.theirs,.theirs-thin{stroke:#f0883e}}`;

export function svgOf(plot: Plot): string {
  const height = TOP + plot.panels.length * (PANEL + GAP) - GAP + BOTTOM;
  const parts = plot.panels.map((panel, index) => panelOf(plot, panel, TOP + index * (PANEL + GAP)));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title what">`,
    `<title id="title">${escaped(plot.title)}</title><desc id="what">${escaped(plot.description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<text class="t" x="16" y="26">${escaped(plot.title)}</text>`,
    `<text class="m" x="16" y="45">${escaped(plot.subtitle)}</text>`,
    ...parts,
    timeAxis(plot, height - BOTTOM),
    '</svg>',
  ].join('\n')}\n`;
}

function xOf({ lengthMs }: Plot, ms: number): number {
  return LEFT + (ms / lengthMs) * (WIDTH - LEFT - RIGHT);
}

function panelOf(plot: Plot, panel: Panel, top: number): string {
  const axis = panel.scale === 'log' ? logAxis(panel) : linearAxis(panel);
  const y = (value: number): number => top + PANEL * (1 - axis.position(value));
  const [left, right] = [xOf(plot, 0), xOf(plot, plot.lengthMs)];
  const from = xOf(plot, plot.fromMs);
  const width = xOf(plot, plot.toMs) - from;
  const ticks = axis.ticks.map(
    (tick) =>
      `<path class="g" d="M${left} ${round(y(tick))}H${right}"/><text class="m" x="${left - 6}" y="${round(y(tick)) + 4}" text-anchor="end">${shortly(tick)}</text>`,
  );
  const lines = panel.lines.map(
    ({ look, values }) => `<path class="l ${look}" d="${pathOf(plot, values, y)}"/>`,
  );
  const legend = panel.lines.map(
    ({ label, look }, index) =>
      `<path class="l ${look}" d="M${right + 12} ${top + 8 + index * 18}h20"/><text x="${right + 38}" y="${top + 12 + index * 18}">${escaped(label)}</text>`,
  );
  return [
    `<text x="${left}" y="${top - 8}">${escaped(panel.label)}</text>`,
    `<rect class="w" x="${round(from)}" y="${top}" width="${round(width)}" height="${PANEL}"/>`,
    ...ticks,
    ...lines,
    ...legend,
  ].join('\n');
}

function timeAxis(plot: Plot, y: number): string {
  const seconds = plot.lengthMs / 1_000;
  const marks: string[] = [];
  for (let at = 0; at <= seconds; at += 10) {
    const x = round(xOf(plot, at * 1_000));
    marks.push(
      `<path class="a" d="M${x} ${y}v5"/><text class="m" x="${x}" y="${y + 18}" text-anchor="middle">${at}</text>`,
    );
  }
  const right = xOf(plot, plot.lengthMs);
  return `<path class="a" d="M${LEFT} ${y}H${right}"/>${marks.join('')}<text class="m" x="${right + 12}" y="${y + 18}">seconds</text>`;
}

interface Axis {
  /** From 0 at the bottom to 1 at the top. */
  position(value: number): number;
  readonly ticks: readonly number[];
}

function linearAxis({ lines }: Panel): Axis {
  const max = Math.max(1, ...lines.map(({ values }) => largest(values)));
  const raw = max / TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw)!;
  const top = Math.ceil(max / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { position: (value) => value / top, ticks };
}

function logAxis({ lines }: Panel): Axis {
  const all = lines.flatMap(({ values }) => Array.from(values)).filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...all, 10)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all, 100))));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return { position: (value) => (Math.log10(value) - low) / (high - low), ticks };
}

function largest(values: ArrayLike<number>): number {
  return Math.max(0, ...Array.from(values).filter(Number.isFinite));
}

/** Points between two of the same height are left out. */
function pathOf(plot: Plot, values: ArrayLike<number>, y: (value: number) => number): string {
  const points = Array.from(values, (value, index) =>
    Number.isFinite(value) && !Number.isNaN(y(value)) && Number.isFinite(y(value))
      ? ([round(xOf(plot, (index + 0.5) * plot.stepMs)), round(y(value))] as const)
      : undefined,
  );
  let path = '';
  points.forEach((point, index) => {
    if (!point) return;
    const [before, after] = [points[index - 1], points[index + 1]];
    if (before && after && before[1] === point[1] && after[1] === point[1]) return;
    path += `${before ? 'L' : 'M'}${point[0]} ${point[1]}`;
  });
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function shortly(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  return value >= 10_000 ? `${value / 1_000}k` : value.toLocaleString('en');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
