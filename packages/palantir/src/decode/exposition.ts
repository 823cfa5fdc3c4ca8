/** What a scrape answers: OpenMetrics 1.0, where times are seconds, and the older Prometheus text format 0.0.4, where they are
 * milliseconds. The caller's labels (job, instance) are added and win, as Prometheus has it. Comments are passed over, exemplars are
 * kept. A line that cannot be read is left out alone. */
import type { Labels } from '../model.ts';
import { BatchBuilder, requestBytes } from './batch-builder.ts';
import type { Decoder } from './decoder.ts';
import { type MutableLabels, nameFault, putLabel, putTarget, TOO_MANY_LABELS } from './labels.ts';
import { MAX_LABELS } from './limits.ts';

const BAD_LINE = 'a line is not "name{label="value"} number time"';
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\[^\n])*)"[ \t]*(,?)/y;
const CLOSE = /[ \t]*\}/y;
/** No two parts can match the same text, so a line is read once however it is made. */
const REST = /^[ \t]+([^\s#]+)(?:[ \t]+(-?[0-9.]+))?[ \t]*(?:#([^\n]*)|\r)?$/;
/** What stands behind the labels of an exemplar. */
const EXEMPLAR_REST = /^[ \t]+(\S+)(?:[ \t]+(-?[0-9.]+))?[ \t]*$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const SPECIAL: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  '+inf': Infinity,
  inf: Infinity,
  '-inf': -Infinity,
};
const NOTHING: Labels = {};

export const fromOpenMetrics: Decoder = expositionDecoder(1_000);
export const fromPrometheusText: Decoder = expositionDecoder(1);

function expositionDecoder(msPerUnit: number): Decoder {
  return (bytes, receivedAtMs, target = NOTHING) => {
    const builder = new BatchBuilder(receivedAtMs);
    const text = requestBytes(bytes).toString();
    for (let at = 0; at < text.length; ) {
      const found = text.indexOf('\n', at);
      const end = found < 0 ? text.length : found;
      const line = text.slice(at, end);
      at = end + 1;
      if (line.charCodeAt(0) === 35 || line.trim() === '') continue;
      if (!addLine(builder, line, msPerUnit, target)) builder.refuse(BAD_LINE, line);
    }
    return builder.batch();
  };
}

/** @returns false when it is no sample. */
function addLine(builder: BatchBuilder, line: string, msPerUnit: number, target: Labels): boolean {
  NAME.lastIndex = 0;
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return false;
  const found =
    line[name.length] === '{' ? readLabels(line, name.length + 1) : { labels: {}, at: name.length };
  if (!found) return false;
  const labels: MutableLabels = { __name__: name, ...found.labels };
  const rest = REST.exec(line.slice(found.at));
  const value = rest ? numberOf(rest[1]!) : undefined;
  const atMs = rest?.[2] === undefined ? builder.receivedAtMs : Math.round(Number(rest[2]) * msPerUnit);
  if (value === undefined) return false;
  const fault = nameFault(name) ?? found.fault;
  if (fault !== undefined) builder.refuse(fault, name);
  else {
    putTarget(labels, target);
    builder.addSample(labels, atMs, value);
    if (rest![3]) addExemplar(builder, labels, atMs, rest![3].trim(), msPerUnit);
  }
  return true;
}

interface ReadLabels {
  readonly labels: MutableLabels;
  /** Where they end. */
  readonly at: number;
  /** Why they cannot be kept. */
  readonly fault?: string | undefined;
}

/** @param from behind the brace. @returns undefined where these are none */
function readLabels(line: string, from: number): ReadLabels | undefined {
  const labels: MutableLabels = {};
  let fault: string | undefined;
  let at = from;
  for (let count = 1; ; count += 1) {
    LABEL.lastIndex = at;
    const label = LABEL.exec(line);
    if (!label) break;
    at = LABEL.lastIndex;
    fault ??= count > MAX_LABELS ? TOO_MANY_LABELS : putLabel(labels, label[1]!, unescaped(label[2]!));
    if (label[3] === '') break;
  }
  CLOSE.lastIndex = at;
  return CLOSE.test(line) ? { labels, at: CLOSE.lastIndex, fault } : undefined;
}

/** `{trace_id="…"} 0.67 1520879607.789`. What is none is passed over: the sample before it is good. */
function addExemplar(
  builder: BatchBuilder,
  series: Labels,
  sampleAtMs: number,
  text: string,
  msPerUnit: number,
): void {
  const found = text.startsWith('{') ? readLabels(text, 1) : undefined;
  const rest = found && found.fault === undefined ? EXEMPLAR_REST.exec(text.slice(found.at)) : null;
  const value = rest ? numberOf(rest[1]!) : undefined;
  if (value === undefined) return;
  const atMs = rest![2] === undefined ? sampleAtMs : Math.round(Number(rest![2]) * msPerUnit);
  builder.addExemplar(series, atMs, value, found!.labels);
}

function numberOf(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  const lower = text.toLowerCase();
  return Object.hasOwn(SPECIAL, lower) ? SPECIAL[lower] : undefined;
}

function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one)) : text;
}
