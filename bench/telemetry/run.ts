/** Palantir beside InfluxDB 1.6 and VictoriaMetrics, each a process with a folder of its own, spoken to by HTTP on loopback by another
 * process whose CPU counts for nobody. Each server takes a million points of 500 series first (or `scale`, where that is less), Palantir
 * also `scale` log lines and a tenth as many spans. Within a round all are asked and sent to in turn, so that a noisy machine
 * disturbs all alike; figures are medians over the rounds.
 *
 * Sending goes as fast as it goes, four requests at a time; and again at the pace of the target, where latency counts from when a
 * request is due. CPU is that of the server while it takes them, per item. Bytes on disk are told at the end, when everything is
 * sealed or compacted. */
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { peakMegabytesOf } from '../processes.ts';
import { progress } from '../progress.ts';
import { median, type Result, type Row } from '../results.ts';
import type { Target } from '../targets.ts';
import { FREQUENT_WORD, SERIES, SPANS_PER_TRACE, STEP_MS } from './data.ts';
import {
  type Asked,
  p95ByInfluxQl,
  p95OfHistogram,
  p95OfSamples,
  type Span,
  searchFrequentWord,
  searchRareWord,
  traceById,
} from './questions.ts';
import { beginningOf, type Listed, LOGS, METRICS, SPANS, type Subject, startSubject } from './subjects.ts';

export interface TelemetryOptions {
  readonly rounds: number;
  readonly durationMs: number;
  /** Log lines that are searched. */
  readonly scale?: number;
  /** Parts of names; all when empty. */
  readonly only: readonly string[];
}

interface Sample {
  readonly perSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly cpuMicros: number;
}

const DEFAULT_SCALE = 1_000_000;
const MAX_POINTS = 1_000_000;
const SPANS_SHARE = 10;
const IN_FLIGHT = 4;
/** What a sender makes ready for a measurement at full speed: more than any server takes. */
const MOST_PER_SECOND = { metrics: 1_000_000, logs: 200_000, spans: 120_000 };
const PACE = { metrics: 200_000, logs: 100_000, spans: 60_000 };
const UNIT = { 'remote write': 'metrics', 'line protocol': 'metrics', logs: 'logs', spans: 'spans' } as const;
/** Times that each question is asked in a round. */
const ASKED = 5;
const FOUND_WITHIN_MS = 30_000;
const LOOK_MS = 200;
/** So long after the last item. */
const LATER_MS = 60_000;

const row = (what: string, name: string): string => `${what}: ${name}`;
const paced = (what: 'metrics' | 'logs' | 'spans'): string =>
  `${what} at ${PACE[what].toLocaleString('en')}/s`;
const [P95_HISTOGRAM, P95_SAMPLES] = ['p95 per minute of a histogram', 'p95 per minute of samples'];
const [TRACE, RARE, RARE_END, FREQUENT] = [
  'trace by id',
  'rare word, first line',
  'rare word, to the end',
  'frequent word, first line',
];

const reaches = (what: 'metrics' | 'logs' | 'spans'): Target => ({
  ...{ row: row(what, 'palantir'), figure: 'perSecond', concurrency: IN_FLIGHT, is: 'reaches' },
  target: PACE[what],
});
const below = (name: string, figure: Target['figure'], target: number, concurrency: number): Target => ({
  ...{ row: row(name, 'palantir'), figure, concurrency, is: 'below', target },
});

export const reference = '';
export const targets: readonly Target[] = [
  reaches('metrics'),
  below(paced('metrics'), 'p99Micros', 50_000, IN_FLIGHT),
  below('metrics', 'bytesPerItem', 4, IN_FLIGHT),
  reaches('logs'),
  below(paced('logs'), 'p99Micros', 50_000, IN_FLIGHT),
  below('logs', 'shareOfRaw', 0.25, IN_FLIGHT),
  reaches('spans'),
  below(paced('spans'), 'p99Micros', 50_000, IN_FLIGHT),
  below(P95_HISTOGRAM, 'p50Micros', 50_000, 1),
  below(TRACE, 'p50Micros', 5_000, 1),
  below(RARE, 'p50Micros', 1_000_000, 1),
];

export async function run(
  options: TelemetryOptions,
): Promise<Pick<Result, 'rounds' | 'conditions' | 'rows'>> {
  const { rounds, durationMs, scale = DEFAULT_SCALE, only } = options;
  const load = loadavg()[0]!;
  const nowMs = Date.now();
  await using running = new AsyncDisposableStack();
  const subjects: Subject[] = [];
  for (const listed of [...METRICS, LOGS, SPANS].filter((one) => isWanted(one, only))) {
    const subject = await startSubject(listed, nowMs);
    if (subject) subjects.push(running.use(subject));
  }
  const told = progress(subjects.length * (1 + rounds * 3 + 1));
  const samples = new Map<string, Sample[]>();
  const note = (name: string, concurrency: number, sample: Sample): void => {
    const key = `${name}|${concurrency}`;
    samples.set(key, [...(samples.get(key) ?? []), sample]);
  };

  const points = Math.min(scale, MAX_POINTS);
  for (const subject of subjects) {
    told.step(`filling ${subject.name} with ${UNIT[subject.kind]}`);
    if (subject.kind === 'logs') await subject.fill(scale);
    else await subject.fill(subject.kind === 'spans' ? scale / SPANS_SHARE : points);
  }
  for (let round = 1; round <= rounds; round++) {
    for (const subject of subjects) {
      told.step(`round ${round} of ${rounds}, questions to ${subject.name}`);
      await question(subject, { points, traces: scale / SPANS_SHARE / SPANS_PER_TRACE, nowMs }, note);
    }
    for (const pace of [undefined, PACE]) {
      for (const subject of subjects) {
        const what = UNIT[subject.kind];
        told.step(`round ${round} of ${rounds}, ${what} to ${subject.name}`);
        if (pace && subject.name !== 'palantir') continue;
        await subject.prepare(((pace ?? MOST_PER_SECOND)[what] * durationMs) / 1_000);
        const sent = await subject.send(IN_FLIGHT, durationMs, pace?.[what]);
        note(row(pace ? paced(what) : what, subject.name), IN_FLIGHT, {
          ...sent,
          perSecond: sent.items / sent.seconds,
        });
      }
    }
  }
  const rows = rowsOf(samples);
  for (const subject of subjects) {
    const { kind, name, server, items, rawBytes } = subject;
    told.step(`the size of ${name}`);
    const peakMegabytes = Math.round(await peakMegabytesOf(server.pid));
    const bytes = await server.sealedBytes();
    const at = rows.findIndex((one) => one.name === row(UNIT[kind], name));
    rows[at] = {
      ...rows[at]!,
      bytesPerItem: hundredths(bytes / items),
      peakMegabytes,
      ...(rawBytes > 0 && { shareOfRaw: hundredths(bytes / rawBytes) }),
    };
  }
  told.done();
  const [lines, spans] = [scale, scale / SPANS_SHARE].map((count) => count.toLocaleString('en'));
  const conditions = `${durationMs / 1_000} s each; at first ${points.toLocaleString('en')} points, ${lines} log lines, ${spans} spans; load of the machine ${load.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after`;
  return { rounds, conditions, rows };
}

function isWanted({ name, kind }: Listed, only: readonly string[]): boolean {
  return only.length === 0 || only.some((part) => `${UNIT[kind]} ${name}`.includes(part));
}

interface Filled {
  readonly points: number;
  readonly traces: number;
  readonly nowMs: number;
}

async function question(
  { name, kind, server }: Subject,
  { points, traces, nowMs }: Filled,
  note: (name: string, concurrency: number, sample: Sample) => void,
): Promise<void> {
  const fromMs = beginningOf(kind, nowMs);
  const filled: Span = { fromMs, toMs: fromMs + (points / SERIES) * STEP_MS };
  const all: Span = { fromMs, toMs: nowMs + LATER_MS };
  async function timed(what: string, ask: (time: number) => Promise<Asked>, end?: string): Promise<void> {
    const asked: Asked[] = [];
    // Once before, as somebody who looks at a board again and again.
    await firstAnswer(() => ask(0));
    for (let time = 0; time < ASKED; time++) asked.push(await ask(time));
    note(
      row(what, name),
      1,
      sampleOf(asked.map((one) => (what.includes('first') ? one.firstMs : one.wholeMs))),
    );
    if (end) note(row(end, name), 1, sampleOf(asked.map(({ wholeMs }) => wholeMs)));
  }
  if (kind === 'logs') {
    await timed(RARE, () => searchRareWord(server, all), RARE_END);
    await timed(FREQUENT, () => searchFrequentWord(server, all, FREQUENT_WORD));
  } else if (kind === 'spans') {
    await timed(TRACE, (time) => traceById(server, Math.floor((traces * (time + 0.5)) / ASKED)));
  } else if (name.startsWith('influxdb')) await timed(P95_SAMPLES, () => p95ByInfluxQl(server, filled));
  else if (kind === 'remote write') {
    await timed(P95_HISTOGRAM, () => p95OfHistogram(server, filled));
    await timed(P95_SAMPLES, () => p95OfSamples(server, filled));
  }
}

/** VictoriaMetrics finds what it has taken only some seconds later. */
async function firstAnswer(ask: () => Promise<Asked>): Promise<void> {
  const giveUpAt = performance.now() + FOUND_WITHIN_MS;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await pause(LOOK_MS);
    }
  }
}

function sampleOf(ms: readonly number[]): Sample {
  const sorted = [...ms].sort((one, other) => one - other);
  const middle = median(sorted);
  return {
    perSecond: 1_000 / middle,
    p50Micros: middle * 1_000,
    p99Micros: sorted.at(-1)! * 1_000,
    cpuMicros: 0,
  };
}

function rowsOf(samples: ReadonlyMap<string, readonly Sample[]>): Row[] {
  return [...samples].map(([key, list]) => {
    const [name = '', concurrency] = key.split('|');
    const middle = (pick: (sample: Sample) => number): number => hundredths(median(list.map(pick)));
    return {
      ...{
        name,
        concurrency: Number(concurrency),
        perSecond: Math.round(middle(({ perSecond }) => perSecond)),
      },
      p50Micros: Math.round(middle(({ p50Micros }) => p50Micros)),
      p99Micros: Math.round(middle(({ p99Micros }) => p99Micros)),
      cpuMicros: middle(({ cpuMicros }) => cpuMicros),
    };
  });
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A Markdown table. */
export function print(rows: readonly Row[]): string {
  const lines = [
    '| | items/s | HTTP p50 ms | p99 ms | server CPU µs/item | bytes/item | of raw | peak MB |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const one of [...rows].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const [p50, p99] = [one.p50Micros, one.p99Micros].map((micros) => (micros / 1_000).toFixed(1));
    const isQuestion = one.concurrency === 1;
    const rate = isQuestion ? '–' : one.perSecond.toLocaleString('en');
    const share = one.shareOfRaw === undefined ? '–' : `${Math.round(one.shareOfRaw * 100)} %`;
    lines.push(
      `| ${one.name} | ${rate} | ${p50} | ${p99} | ${isQuestion ? '–' : one.cpuMicros} | ${one.bytesPerItem ?? '–'} | ${share} | ${one.peakMegabytes ?? '–'} |`,
    );
  }
  return lines.join('\n');
}
