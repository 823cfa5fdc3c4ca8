/** Gathers what a decoder reads, and judges what is the same for all formats: times, values, how many. What is not taken is
 * counted by its reason, with the first example; reasons are few and fixed, so that nobody can make many of them. */
import { GoblinError } from '@goblin/core';
import type { Batch, Exemplar, Labels, LogLine, Sample, SpanRecord } from '../model.ts';
import { MAX_AHEAD_MS, NOT_A_NUMBER, STALE_NAN_BYTES, TOO_FAR_AHEAD } from '../sample-rules.ts';
import {
  MAX_BEHIND_MS,
  MAX_EXAMPLE_LENGTH,
  MAX_EXEMPLAR_CHARACTERS,
  MAX_ITEMS,
  MAX_REASONS,
  MAX_REQUEST_BYTES,
} from './limits.ts';

const TOO_OLD = `the time lies more than ${MAX_BEHIND_MS / 86_400_000} days back`;
const TOO_MANY = `a request holds more than ${MAX_ITEMS} items: send smaller ones`;
const STALE: number = Buffer.from(STALE_NAN_BYTES).readDoubleLE();
const LONG_EXEMPLAR = `the labels of an exemplar have more than ${MAX_EXEMPLAR_CHARACTERS} characters`;
const OTHER = 'other reasons';

interface Refusal {
  count: number;
  readonly example: string;
}

export class BatchBuilder {
  readonly receivedAtMs: number;
  readonly #samples: Sample[] = [];
  #exemplars: Exemplar[] | undefined;
  readonly #logs: LogLine[] = [];
  readonly #spans: SpanRecord[] = [];
  readonly #refusals = new Map<string, Refusal>();
  #items = 0;

  constructor(receivedAtMs: number) {
    this.receivedAtMs = receivedAtMs;
  }

  /** @param reason from a fixed set. @param example whose first is shown with it. */
  refuse(reason: string, example = '', count = 1): void {
    const known = this.#refusals.get(reason);
    if (known) known.count += count;
    else if (this.#refusals.size < MAX_REASONS)
      this.#refusals.set(reason, { count, example: shown(example) });
    else this.refuse(OTHER, '', count);
  }

  /** A quantile that is NaN is that of no observations: there is none, and nothing is wrong. */
  addSample(series: Labels, atMs: number, value: number): void {
    if (Number.isNaN(value)) {
      if (series.quantile === undefined) this.refuse(NOT_A_NUMBER, series.__name__);
    } else if (this.#takes(atMs, series.__name__)) this.#samples.push({ series, atMs, value });
  }

  /** The series has ended, as Prometheus says it. */
  addStale(series: Labels, atMs: number): void {
    if (this.#takes(atMs, series.__name__)) this.#samples.push({ series, atMs, value: STALE });
  }

  /** Exemplars come with samples, and again with each scrape until there is a newer one: one that is old is passed over. */
  addExemplar(series: Labels, atMs: number, value: number, labels: Labels): void {
    if (Number.isNaN(value) || atMs < this.receivedAtMs - MAX_BEHIND_MS) return;
    let characters = 0;
    for (const name in labels) characters += name.length + labels[name]!.length;
    if (characters > MAX_EXEMPLAR_CHARACTERS) this.refuse(LONG_EXEMPLAR, series.__name__);
    else if (this.#takes(atMs, series.__name__)) {
      this.#exemplars ??= [];
      this.#exemplars.push({ series, atMs, value, labels });
    }
  }

  addLog(line: LogLine): void {
    if (this.#takes(line.atMs, line.service)) this.#logs.push(line);
  }

  addSpan(span: SpanRecord, startMs: number): void {
    if (this.#takes(startMs, span.name)) this.#spans.push(span);
  }

  batch(): Batch {
    return {
      samples: this.#samples,
      ...(this.#exemplars && { exemplars: this.#exemplars }),
      logs: this.#logs,
      spans: this.#spans,
      rejected: Array.from(this.#refusals, ([reason, { count, example }]) => ({
        count,
        reason: example ? `${reason} (${example})` : reason,
      })),
    };
  }

  #takes(atMs: number, example: string | undefined): boolean {
    if (!(atMs <= this.receivedAtMs + MAX_AHEAD_MS)) this.refuse(TOO_FAR_AHEAD, example);
    else if (atMs < this.receivedAtMs - MAX_BEHIND_MS) this.refuse(TOO_OLD, example);
    else if (this.#items >= MAX_ITEMS) this.refuse(TOO_MANY);
    else {
      this.#items += 1;
      return true;
    }
    return false;
  }
}

/** The bytes as a Buffer over the same memory. @throws PAYLOAD_TOO_LARGE */
export function requestBytes(bytes: Uint8Array): Buffer {
  if (bytes.length > MAX_REQUEST_BYTES) {
    const message = `a request may have ${MAX_REQUEST_BYTES} bytes, this one has ${bytes.length}: send smaller ones`;
    throw new GoblinError('PAYLOAD_TOO_LARGE', { message });
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** On one line and short. */
function shown(example: string): string {
  const line = JSON.stringify(example.slice(0, MAX_EXAMPLE_LENGTH)).slice(1, -1);
  return line.toWellFormed();
}
