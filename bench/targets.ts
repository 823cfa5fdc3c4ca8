/** What a benchmark is to show: mostly a row's figure beside another row's in the same run, because only ratios mean
 * something on a machine that others use too. Nothing fails when a target is missed; it is printed and kept. */
import type { Row } from './results.ts';

export interface Target {
  readonly row: string;
  /** The other row; none where `is` needs none. */
  readonly beside?: string;
  readonly figure: 'cpuMicros' | 'p50Micros' | 'p99Micros' | 'perSecond' | 'bytesPerItem' | 'shareOfRaw';
  /** Of both rows. */
  readonly concurrency: number;
  /** `at most`, `at least`: of the other's figure, so many times. `less by`: the other's figure is at least so many times
   * this. `below`, `reaches`: the figure itself, beside nothing. */
  readonly is: 'at most' | 'at least' | 'less by' | 'below' | 'reaches';
  readonly target: number;
}

export interface Judged extends Target {
  /** Of the two figures, in the sense of `is`, rounded to hundredths as it is judged; beside nothing, the figure itself. */
  readonly ratio: number;
  readonly met: boolean;
}

/** Those targets of which all rows were measured. */
export function judge(targets: readonly Target[], rows: readonly Row[]): Judged[] {
  return targets.flatMap((target) => {
    const figure = (name: string | undefined): number | undefined =>
      rows.find((row) => row.name === name && row.concurrency === target.concurrency)?.[target.figure];
    const own = figure(target.row);
    const other = isAlone(target) ? 1 : figure(target.beside);
    if (own === undefined || other === undefined) return [];
    const ratio = Math.round((target.is === 'less by' ? other / own : own / other) * 100) / 100;
    return [{ ...target, ratio, met: isMet(target, ratio) }];
  });
}

function isAlone({ is }: Target): boolean {
  return is === 'below' || is === 'reaches';
}

function isMet({ is, target }: Target, ratio: number): boolean {
  if (is === 'below') return ratio < target;
  return is === 'at most' ? ratio <= target : ratio >= target;
}

const FIGURES: Readonly<Record<Target['figure'], string>> = {
  cpuMicros: 'CPU per call',
  p50Micros: 'p50',
  p99Micros: 'p99',
  perSecond: 'rate',
  bytesPerItem: 'bytes on disk per item',
  shareOfRaw: 'share of raw bytes on disk',
};

const UNITS: Readonly<Record<Target['figure'], string>> = {
  cpuMicros: ' µs',
  p50Micros: ' µs',
  p99Micros: ' µs',
  perSecond: '/s',
  bytesPerItem: '',
  shareOfRaw: '',
};

/** What became of the targets, as a Markdown table. */
export function targetTable(judged: readonly Judged[]): string {
  const lines = ['| target | measured | |', '| --- | ---: | --- |'];
  for (const one of judged) {
    const { row, figure, concurrency, ratio, met } = one;
    const what = `${FIGURES[figure]} of ${row} at ${concurrency} in flight: ${aimOf(one)}`;
    const measured = isAlone(one) ? `${ratio}${UNITS[figure]}` : `${ratio.toFixed(2)}x`;
    lines.push(`| ${what} | ${measured} | ${met ? 'met' : '**missed**'} |`);
  }
  return lines.join('\n');
}

function aimOf({ is, target, beside, figure }: Target): string {
  if (is === 'below') return `below ${target}${UNITS[figure]}`;
  if (is === 'reaches') return `at least ${target}${UNITS[figure]}`;
  return is === 'less by' ? `${target}x less than that of ${beside}` : `${is} ${target}x that of ${beside}`;
}
