/** What was measured, round by round, and the rows and the table that come of it. */
import { median, type Row } from '../results.ts';
import type { Round } from './process.ts';

export type Samples = Map<string, Round[]>;

/** The name of a row: what was measured, of which queue. */
export function row(what: string, name: string): string {
  return `${what}: ${name}`;
}

export function note(samples: Samples, what: string, name: string, callers: number, round: Round): void {
  const key = `${row(what, name)}|${callers}`;
  samples.set(key, [...(samples.get(key) ?? []), round]);
}

export function rowsOf(samples: Samples): Row[] {
  return [...samples].map(([key, list]) => {
    const [name, concurrency] = key.split('|');
    const middle = (pick: (round: Round) => number): number => Math.round(median(list.map(pick)) * 100) / 100;
    return {
      name: name!,
      concurrency: Number(concurrency),
      perSecond: Math.round(median(list.map(({ count, seconds }) => count / seconds))),
      p50Micros: middle(({ p50Micros }) => p50Micros),
      p99Micros: middle(({ p99Micros }) => p99Micros),
      cpuMicros: middle(({ cpuMicros }) => cpuMicros),
    };
  });
}

/** A Markdown table, the queues beside each other for each thing that was measured. */
export function print(rows: readonly Row[]): string {
  const measures = [...new Set(rows.map(({ name, concurrency }) => `${name.split(': ')[0]}|${concurrency}`))];
  const lines = [
    '| | | tasks/s | p50 µs | p99 µs | CPU µs/task |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
  ];
  for (const measure of measures) {
    const [what, concurrency] = measure.split('|');
    const here = rows.filter(
      (one) => one.name.startsWith(`${what}: `) && one.concurrency === Number(concurrency),
    );
    const label = concurrency === '1' ? what : `${what}, by ${concurrency}`;
    for (const { name, perSecond, p50Micros, p99Micros, cpuMicros } of here) {
      // When many tasks wait, how long they have waited says how long the queue was.
      const latency = what!.startsWith('claim') ? '– | –' : `${p50Micros} | ${p99Micros}`;
      lines.push(
        `| ${label} | ${name.slice(what!.length + 2)} | ${perSecond.toLocaleString('en')} | ${latency} | ${cpuMicros} |`,
      );
    }
  }
  return lines.join('\n');
}
