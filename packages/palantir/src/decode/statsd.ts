/** StatsD lines (https://github.com/statsd/statsd/blob/master/docs/metric_types.md) with the tags of DogStatsD: `name:value|c|@0.1|#tag:x`.
 * A line is a change, and a series wants totals: counters are summed to `name_total`, timers counted into `name_seconds` with
 * fixed buckets, gauges kept for `+1` and `-1`; a set is how many different values came with one request. The totals live in the decoder; when it starts anew they start at zero, which
 * every rate takes for the restart that it is. It holds MAX_SERIES series; lines of others are refused. */
import type { Labels } from '../model.ts';
import { BatchBuilder, requestBytes } from './batch-builder.ts';
import { classicBounds } from './classic-bounds.ts';
import type { Decoder } from './decoder.ts';
import {
  labelName,
  type MutableLabels,
  metricName,
  nameFault,
  putLabel,
  sibling,
  TOO_MANY_LABELS,
} from './labels.ts';
import { MAX_LABELS } from './limits.ts';

export const MAX_SERIES = 10_000;
const TOO_MANY_SERIES = `StatsD has more than ${MAX_SERIES} series`;
const BAD_LINE = 'a line is not "name:value|type"';
const UNKNOWN_TYPE = 'a line is neither a counter (c) nor a gauge (g), a timer (ms) or a set (s)';
const LINE = /^([^:|]+):([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\|([a-z]+)((?:\|[^|]*)*)$/;
/** The values of a set are any text. */
const SET_LINE = /^([^:|]+):([^|]+)\|(s)((?:\|[^|]*)*)$/;
const RATE = /^@(?:0?\.\d+|[01](?:\.0*)?)$/;
const BOUNDS = classicBounds('s');

type Type = 'c' | 'g' | 'ms' | 's';

interface Series {
  readonly labels: Labels;
  value: number;
  /** Of a timer: how many lie under each bound; its value is the sum. */
  readonly counts: number[] | undefined;
}

/** @returns a decoder with totals of its own. */
export function statsdDecoder(): Decoder {
  const known = new Map<string, Series>();
  return (bytes, receivedAtMs) => {
    const builder = new BatchBuilder(receivedAtMs);
    /** The series of this request, with the values of those that are sets. */
    const touched = new Map<Series, Set<string>>();
    for (const raw of requestBytes(bytes).toString().split('\n')) {
      const line = raw.trim();
      if (line === '') continue;
      take(builder, known, touched, line);
    }
    for (const [series, members] of touched) {
      if (members.size > 0) series.value = members.size;
      report(builder, series);
    }
    return builder.batch();
  };
}

function take(
  builder: BatchBuilder,
  known: Map<string, Series>,
  touched: Map<Series, Set<string>>,
  line: string,
): void {
  const [, name, text, type, rest] = SET_LINE.exec(line) ?? LINE.exec(line) ?? [];
  if (name === undefined) return refuse(BAD_LINE);
  if (type !== 'c' && type !== 'g' && type !== 'ms' && type !== 's') return refuse(UNKNOWN_TYPE);
  const parts = rest!.split('|');
  const tags = parts.find((part) => part.startsWith('#'))?.slice(1) ?? '';
  const sampled = parts.find((part) => part.startsWith('@'));
  const rate = sampled === undefined ? 1 : RATE.test(sampled) ? Number(sampled.slice(1)) : 0;
  const value = type === 's' ? 0 : Number(text);
  if (rate === 0 || rate > 1 || !Number.isFinite(value / rate)) return refuse(BAD_LINE);
  const key = `${type} ${name} ${tags}`;
  let series = known.get(key);
  if (!series) {
    if (known.size >= MAX_SERIES) return refuse(TOO_MANY_SERIES);
    const labels = labelsOf(name, type, tags);
    if (typeof labels === 'string') return refuse(labels);
    series = { labels, value: 0, counts: type === 'ms' ? new Array(BOUNDS.length + 1).fill(0) : undefined };
    known.set(key, series);
  }
  const members = touched.get(series) ?? new Set();
  touched.set(series, members);
  if (type === 's') members.add(text!);
  else if (type === 'g') series.value = /^[+-]/.test(text!) ? series.value + value : value;
  else if (type === 'c') series.value += value / rate;
  else {
    const seconds = value / 1_000;
    const bound = BOUNDS.findIndex((one) => seconds <= one);
    series.counts![bound < 0 ? BOUNDS.length : bound]! += 1 / rate;
    series.value += seconds / rate;
  }

  function refuse(reason: string): void {
    builder.refuse(reason, line);
  }
}

/** @returns or else why they cannot be kept. */
function labelsOf(name: string, type: Type, tags: string): Labels | string {
  const base = metricName(name);
  const full =
    type === 'c' ? `${base.replace(/_total$/, '')}_total` : type === 'ms' ? `${base}_seconds` : base;
  const labels: MutableLabels = { __name__: full };
  const pairs = tags === '' ? [] : tags.split(',');
  let fault = nameFault(full) ?? (pairs.length > MAX_LABELS ? TOO_MANY_LABELS : undefined);
  for (let i = 0; i < pairs.length && fault === undefined; i += 1) {
    const [key = '', ...value] = pairs[i]!.split(':');
    fault = putLabel(labels, labelName(key), value.join(':') || 'true');
  }
  return fault ?? labels;
}

function report(builder: BatchBuilder, { labels, value, counts }: Series): void {
  const atMs = builder.receivedAtMs;
  if (!counts) return builder.addSample(labels, atMs, value);
  const name = labels.__name__!;
  let cumulated = 0;
  counts.forEach((count, i) => {
    cumulated += count;
    const le = i < BOUNDS.length ? String(BOUNDS[i]) : '+Inf';
    builder.addSample(sibling(labels, `${name}_bucket`, 'le', le), atMs, cumulated);
  });
  builder.addSample(sibling(labels, `${name}_sum`), atMs, value);
  builder.addSample(sibling(labels, `${name}_count`), atMs, cumulated);
}
