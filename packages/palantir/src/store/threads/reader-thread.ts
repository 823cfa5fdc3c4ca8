/** The thread that reads. Reads take turns: each goes on for a slice of time, then the next.
 *
 * A regular expression that backtracks without end would hold up all of them. V8 has an engine that takes time in proportion to the
 * text, whatever the expression; the flag makes it take over where backtracking goes on for long (it cannot where the expression looks
 * around or back; such a read is ended from outside, with this thread). */
import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { GoblinError } from '@goblin/core';
import { READ_TIMEOUT_MS } from '../limits.ts';
import { columnsOf, type PackedSeries } from '../metrics/packed-series.ts';
import { ReadControl } from '../read-control.ts';
import { type Read, StoreReader } from '../store-reader.ts';
import { faultOf, type ThreadRequest } from './messages.ts';

const SLICE_MS = 10;
const METHODS = [
  'select',
  'labelNames',
  'labelValues',
  'series',
  'exemplars',
  'searchLogs',
  'filterLogs',
  'countLines',
  'logCounts',
  'trace',
  'endedSpans',
  'searchTraces',
] as const;

export type ReaderMethod = (typeof METHODS)[number];

setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
const port = parentPort!;
const reader = new StoreReader((workerData as { folder: string }).folder);

port.on('message', async ({ id, method, argument, flag }: ThreadRequest) => {
  try {
    const value = await finish(id, method, argument, new ReadControl(flag, READ_TIMEOUT_MS));
    port.postMessage({ id, value }, method === 'select' ? columnsOf(value as PackedSeries) : []);
  } catch (error) {
    port.postMessage({ id, fault: faultOf(error) });
  }
});

async function finish(id: number, method: string, argument: unknown, control: ReadControl): Promise<unknown> {
  if (!METHODS.includes(method as ReaderMethod)) throw new GoblinError('UNIMPLEMENTED', { message: method });
  const start = reader[method as ReaderMethod] as (
    argument: unknown,
    control: ReadControl,
  ) => Read<unknown, unknown>;
  const read = start.call(reader, argument, control);
  let sliceEndsAt = performance.now() + SLICE_MS;
  for (;;) {
    control.check();
    const { value, done } = read.next();
    if (done) return value;
    if (value !== undefined) port.postMessage({ id, part: value });
    if (performance.now() < sliceEndsAt) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sliceEndsAt = performance.now() + SLICE_MS;
  }
}
