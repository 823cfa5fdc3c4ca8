/** Telemetry as the bytes of requests, made before anything is measured. */
import { gzipSync } from 'node:zlib';
import { writeLogs } from '../../packages/palantir/src/export/exporters/otlp/otlp-logs.ts';
import { writeSpans } from '../../packages/palantir/src/export/exporters/otlp/otlp-spans.ts';
import { encodeWriteRequest } from '../../packages/palantir/src/export/exporters/remote-write.ts';
import { line, lineHead, numberField } from '../../packages/palantir/src/export/exporters/telegraf/line.ts';
import { ProtobufWriter } from '../../packages/palantir/src/export/protobuf-writer.ts';
import { packSnappy } from '../../packages/palantir/src/export/snappy.ts';
import type { Labels } from '../../packages/palantir/src/model.ts';
import type { SelectedSeries } from '../../packages/palantir/src/store/metrics/packed-series.ts';
import {
  logLine,
  needle,
  nextPoints,
  SERIES,
  SPANS_PER_TRACE,
  STEP_MS,
  sources,
  spansOfTrace,
} from './data.ts';

export type Kind = 'remote write' | 'line protocol' | 'logs' | 'spans';

export interface Body {
  readonly bytes: Uint8Array;
  readonly items: number;
  /** As lines of JSON. */
  readonly rawBytes: number;
}

/** What a collector sends at a time. */
const STEPS = 10;
const LINES = 1_000;
const TRACES = 100;
const LEVEL = 1;

export const ITEMS: Readonly<Record<Kind, number>> = {
  'remote write': STEPS * SERIES,
  'line protocol': STEPS * SERIES,
  logs: LINES,
  spans: TRACES * SPANS_PER_TRACE,
};

const writer = new ProtobufWriter();

/** Makes one body after the other; times go on from `fromMs`, logs and spans at so many milliseconds from one to the next. */
export function bodyMaker(kind: Kind, fromMs: number, everyMs: number): () => Body {
  let made = 0;
  const all = kind === 'remote write' || kind === 'line protocol' ? sources() : [];
  return () => {
    const first = made * ITEMS[kind];
    const atMs = (i: number): number => fromMs + Math.floor((first + i) * everyMs);
    made += 1;
    switch (kind) {
      case 'remote write':
      case 'line protocol': {
        const points = nextPoints(all, fromMs + (made - 1) * STEPS * STEP_MS, STEPS);
        const bytes =
          kind === 'line protocol' ? linesOf(points) : packSnappy(encodeWriteRequest(points, writer));
        return { bytes: Uint8Array.from(bytes), items: ITEMS[kind], rawBytes: 0 };
      }
      case 'logs': {
        const lines = Array.from({ length: LINES }, (_, i) => logLine(first + i, atMs(i)));
        // The oldest of all: a search that begins with the newest finds it last.
        if (first === 0) lines[0] = needle(atMs(0));
        writeLogs(writer.reset(), lines);
        const rawBytes = lines.reduce((sum, one) => sum + JSON.stringify(one).length + 1, 0);
        return { bytes: Uint8Array.from(writer.done()), items: LINES, rawBytes };
      }
      case 'spans': {
        const spans = Array.from({ length: TRACES }, (_, i) =>
          spansOfTrace(first / SPANS_PER_TRACE + i, atMs(i * SPANS_PER_TRACE)),
        ).flat();
        writeSpans(writer.reset(), spans);
        return { bytes: Uint8Array.from(writer.done()), items: spans.length, rawBytes: 0 };
      }
    }
  };
}

/** As Telegraf sends it, packed. */
function linesOf(all: readonly SelectedSeries[]): Buffer {
  const lines: string[] = [];
  for (const { labels, times, values } of all) {
    const { __name__: name = '', ...tags } = labels as Labels & { __name__: string };
    const head = lineHead(name, tags);
    for (const [i, atMs] of times.entries())
      lines.push(line(head, [numberField('value', values[i]!, 'float')!], atMs));
  }
  return gzipSync(lines.join('\n'), { level: LEVEL });
}
