/** A worker thread that answers calls. A call is one message there and one or more back. Where the thread dies (out of memory, a
 * fault of ours) its open calls fail with UNAVAILABLE, and the next call starts it again, but not more often than each second.
 * It keeps the process alive only while a call is open. */
import { Worker } from 'node:worker_threads';
import { cancelledError, GoblinError } from '@goblin/core';
import { errorOf, type ThreadAnswer, type ThreadRequest } from './messages.ts';

const RESTART_PAUSE_MS = 1_000;
/** Of JavaScript's heap; columns lie outside of it. */
const MAX_HEAP_MB = 1_024;

export interface ThreadCall {
  readonly transfer?: readonly ArrayBuffer[];
  readonly signal?: AbortSignal | undefined;
  /** Parts that come before the answer. */
  readonly onPart?: (part: unknown) => void;
  /** The thread is ended if it has not answered by then. */
  readonly timeoutMs?: number;
}

interface OpenCall {
  readonly flag: Int32Array;
  readonly onPart: ((part: unknown) => void) | undefined;
  resolve(value: unknown): void;
  reject(error: GoblinError): void;
}

export class Thread {
  readonly #url: URL;
  readonly #data: unknown;
  readonly #calls = new Map<number, OpenCall>();
  #worker: Worker | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #lastId = 0;
  #isClosed = false;

  constructor(url: URL, data: unknown) {
    this.#url = url;
    this.#data = data;
  }

  get openCalls(): number {
    return this.#calls.size;
  }

  /** @throws CANCELED, UNAVAILABLE, DEADLINE_EXCEEDED and what the thread answers with */
  async call(method: string, argument: unknown, options: ThreadCall = {}): Promise<unknown> {
    const { transfer = [], signal, onPart, timeoutMs } = options;
    if (signal?.aborted) throw cancelledError(signal.reason);
    const worker = this.#running();
    const id = ++this.#lastId;
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#calls.set(id, { flag, onPart, resolve, reject });
    const giveUp = (error: GoblinError): void => {
      Atomics.store(flag, 0, 1);
      reject(error);
    };
    const onAbort = (): void => giveUp(cancelledError(signal!.reason));
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => this.#end(worker, timeoutMs), timeoutMs);
    worker.ref();
    try {
      worker.postMessage({ id, method, argument, flag } satisfies ThreadRequest, transfer);
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#calls.delete(id);
      if (this.#calls.size === 0) worker.unref();
    }
  }

  /** Ends the thread; open calls fail. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #running(): Worker {
    if (this.#isClosed) throw new GoblinError('UNAVAILABLE', { message: 'the telemetry store is closed' });
    if (this.#worker) return this.#worker;
    if (performance.now() - this.#startedAt < RESTART_PAUSE_MS)
      throw new GoblinError('UNAVAILABLE', {
        message: 'a thread of the telemetry store died and is not back yet',
      });
    this.#startedAt = performance.now();
    const worker = new Worker(this.#url, {
      workerData: this.#data,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    worker.unref();
    worker.on('message', (answer: ThreadAnswer) => this.#answered(answer));
    worker.on('error', (error) => this.#died(worker, error));
    worker.on('exit', () => this.#died(worker, undefined));
    this.#worker = worker;
    return worker;
  }

  #answered(answer: ThreadAnswer): void {
    const call = this.#calls.get(answer.id);
    if (!call) return;
    if ('part' in answer) call.onPart?.(answer.part);
    else if ('fault' in answer) call.reject(errorOf(answer.fault));
    else call.resolve(answer.value);
  }

  #died(worker: Worker, cause: unknown): void {
    const reason = this.#isClosed ? 'the telemetry store was closed' : 'a thread of the telemetry store died';
    const message = cause instanceof Error ? `${reason}: ${cause.message}` : reason;
    this.#fail(worker, new GoblinError('UNAVAILABLE', { message, cause }));
  }

  #end(worker: Worker, timeoutMs: number): void {
    const message = `the telemetry store did not answer within ${timeoutMs / 1_000} s`;
    this.#fail(worker, new GoblinError('DEADLINE_EXCEEDED', { message }));
    void worker.terminate();
  }

  #fail(worker: Worker, error: GoblinError): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const call of this.#calls.values()) call.reject(error);
  }
}
