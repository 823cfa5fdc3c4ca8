/** The thread that writes: decodes and appends what comes in, one batch after the other, and seals in the pauses between. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Labels } from '../../model.ts';
import { type Decoders, decode, loadDecoders } from '../decoding.ts';
import { packSamples } from '../metrics/packed-samples.ts';
import type { WriterBatch } from '../split-by-day.ts';
import { StoreWriter, type WriterOptions } from '../store-writer.ts';
import { faultOf, type ThreadRequest } from './messages.ts';

export interface WriterThreadData extends WriterOptions {
  readonly nowMs: number;
  /** URL of the module with the decoders. */
  readonly decoders: string;
}

/** Each call with the time at which it was made. */
export interface WriterCalls {
  append: { readonly batch: WriterBatch; readonly nowMs: number };
  ingest: {
    readonly format: string;
    readonly bytes: Uint8Array;
    readonly target: Labels | undefined;
    readonly nowMs: number;
  };
  tick: { readonly nowMs: number };
  seal: Record<string, never>;
  stats: Record<string, never>;
  close: Record<string, never>;
}

const port = parentPort!;
const { nowMs: openedMs, decoders: decodersUrl, ...options } = workerData as WriterThreadData;
const writer = new StoreWriter(options, openedMs);
let decoders: Decoders | undefined;
let isMaintaining = false;

const methods: { readonly [Method in keyof WriterCalls]: (argument: WriterCalls[Method]) => unknown } = {
  append: ({ batch, nowMs }) => writer.append(batch, nowMs),
  ingest: ({ format, bytes, target, nowMs }) => {
    const { samples, ...rest } = decode(decoders!, format, bytes, nowMs, target);
    return writer.append({ packed: packSamples(samples), ...rest }, nowMs);
  },
  tick: ({ nowMs }) => writer.tick(nowMs),
  seal: () => writer.sealAll(),
  stats: () => writer.stats(),
  close: () => writer.close(),
};

/** One at a time and in order: a batch must not overtake another while decoders are loaded. */
let last: Promise<void> = Promise.resolve();
port.on('message', (request: ThreadRequest) => {
  if (request.method !== 'ingest' || decoders) return answer(request);
  last = last.then(async () => {
    try {
      decoders ??= await loadDecoders(decodersUrl);
    } catch (error) {
      port.postMessage({ id: request.id, fault: faultOf(error) });
      return;
    }
    answer(request);
  });
});

function answer({ id, method, argument }: ThreadRequest): void {
  try {
    const value = (methods[method as keyof WriterCalls] as (argument: unknown) => unknown)(argument);
    port.postMessage({ id, value });
  } catch (error) {
    port.postMessage({ id, fault: faultOf(error) });
  }
  if (!isMaintaining && method !== 'close') {
    isMaintaining = true;
    setImmediate(maintain);
  }
}

/** A fault of it shows in the next batch of that day, which opens the file anew. */
function maintain(): void {
  try {
    isMaintaining = writer.maintain();
  } catch {
    isMaintaining = false;
  }
  if (isMaintaining) setImmediate(maintain);
}
