/** What is asked of every decoder: it answers for any bytes or refuses by a documented code, what it takes keeps to the limits, and
 * the same bytes come to the same. */
import { isDeepStrictEqual } from 'node:util';
import { isGoblinError } from '@goblin/core';
import type { Decoder } from '../src/decode/decoder.ts';
import { AT_MS } from '../src/decode/fixtures/samples.ts';
import { MAX_BEHIND_MS, MAX_LABEL_VALUE_LENGTH, MAX_REASONS } from '../src/decode/limits.ts';
import type { Batch } from '../src/model.ts';
import { MAX_AHEAD_MS } from '../src/sample-rules.ts';

/** As many of something are as good as more. */
const MANY = 3;

/** @param newDecoder of what remembers nothing yet. */
export function runDecoder(newDecoder: () => Decoder, bytes: Uint8Array): string {
  try {
    const batch = newDecoder()(bytes, AT_MS);
    check(batch);
    if (!isDeepStrictEqual(newDecoder()(bytes, AT_MS), batch)) throw new Error('it comes to something else');
    const { samples, logs, spans, rejected } = batch;
    const reasons = rejected.map(({ reason }) => reason.replace(/ \(.*/s, '')).sort();
    return `${[samples, logs, spans].map((list) => Math.min(list.length, MANY))} ${reasons.join('; ')}`;
  } catch (error) {
    if (isGoblinError(error, 'INVALID_INPUT') || isGoblinError(error, 'PAYLOAD_TOO_LARGE')) return error.code;
    throw error;
  }
}

function check({ samples, exemplars = [], logs, spans, rejected }: Batch): void {
  for (const { series, atMs } of [...samples, ...exemplars]) {
    for (const [label, value] of Object.entries(series)) {
      if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(label)) throw new Error(`the label ${label}`);
      if (value.length > MAX_LABEL_VALUE_LENGTH) throw new Error(`${label} has ${value.length} characters`);
    }
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(series.__name__ ?? ''))
      throw new Error(`named ${series.__name__}`);
    if (!isNear(atMs)) throw new Error(`a sample at ${atMs}`);
  }
  for (const { atMs } of logs) if (!isNear(atMs)) throw new Error(`a line at ${atMs}`);
  for (const { traceId, durationNs } of spans)
    if (!/^[0-9a-f]{32}$/.test(traceId) || !(durationNs >= 0))
      throw new Error(`${traceId}: ${durationNs} ns`);
  // And one for those beyond.
  if (rejected.length > MAX_REASONS + 1) throw new Error(`${rejected.length} reasons`);
}

function isNear(atMs: number): boolean {
  return atMs >= AT_MS - MAX_BEHIND_MS && atMs <= AT_MS + MAX_AHEAD_MS;
}
