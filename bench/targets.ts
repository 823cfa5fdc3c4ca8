/** What a benchmark is to show: a row's figure beside another row's in the same run, because only ratios mean something
 * on a machine that others use too. Nothing fails when a target is missed; it is printed and kept. */
import type { Row } from './results.ts';

export interface Target {
  readonly row: string;
  readonly beside: string;
  readonly figure: 'cpuMicros' | 'p50Micros';
  /** Of both rows. */
  readonly concurrency: number;
  /** `at most`: of the other's figure, so many times. `less by`: the other's figure is at least so many times this. */
  readonly is: 'at most' | 'less by';
  readonly target: number;
}

export interface Judged extends Target {
  /** Of the two figures, in the sense of `is`, rounded to hundredths as it is judged. */
  readonly ratio: number;
  readonly met: boolean;
}

/** Those targets of which both rows were measured. */
export function judge(targets: readonly Target[], rows: readonly Row[]): Judged[] {
  return targets.flatMap((target) => {
    const figure = (name: string): number | undefined =>
      rows.find((row) => row.name === name && row.concurrency === target.concurrency)?.[target.figure];
    const [own, other] = [figure(target.row), figure(target.beside)];
    if (own === undefined || other === undefined) return [];
    const isAtMost = target.is === 'at most';
    const ratio = Math.round((isAtMost ? own / other : other / own) * 100) / 100;
    return [{ ...target, ratio, met: isAtMost ? ratio <= target.target : ratio >= target.target }];
  });
}

const FIGURES: Readonly<Record<Target['figure'], string>> = { cpuMicros: 'CPU per call', p50Micros: 'p50' };

/** What became of the targets, as a Markdown table. */
export function targetTable(judged: readonly Judged[]): string {
  const lines = ['| target | measured | |', '| --- | ---: | --- |'];
  for (const { row, beside, figure, concurrency, is, target, ratio, met } of judged) {
    const aim = is === 'at most' ? `at most ${target}x that of` : `${target}x less than that of`;
    const what = `${FIGURES[figure]} of ${row} at ${concurrency} in flight: ${aim} ${beside}`;
    lines.push(`| ${what} | ${ratio.toFixed(2)}x | ${met ? 'met' : '**missed**'} |`);
  }
  return lines.join('\n');
}
