/** Listens for StatsD over UDP: counters, gauges, timers and sets, with the tags of DogStatsD (decode/statsd.ts). Datagrams are gathered
 * and decoded together in the store's thread, which holds the totals. Nobody who sends waits for us: what comes faster than the
 * store takes it is dropped and counted, and so is what cannot be read. Unix datagram sockets are not there in Node.js. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { pause } from '@goblin/core';
import type { Collector, CollectorTools } from '../collector.ts';
import { collectorMeter } from '../collector-meter.ts';
import { countRefused } from '../keep.ts';

const NAME = 'statsd';
/** Of datagrams that wait. */
const MAX_QUEUED_BYTES = 4_194_304;
/** Of the system's own buffer, which holds what comes while this process is busy. The system may allow less. */
const RECEIVE_BUFFER_BYTES = 4_194_304;
const AGAIN_MS = 1_000;
const NEWLINE: Buffer = Buffer.from('\n');
const FULL = 'the queue of datagrams is full';

export interface StatsdOptions {
  /** Default 8125. */
  readonly port?: number;
  /** Default 127.0.0.1, because StatsD knows no senders: anybody who can reach it is believed. */
  readonly host?: string;
  /** How often what came becomes samples. Default 1,000. */
  readonly flushMs?: number;
}

export interface StatsdCollector extends Collector {
  /** Where it listens, once it does. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
}

export function statsd(tools: CollectorTools, options: StatsdOptions = {}): StatsdCollector {
  const { port = 8125, host = '127.0.0.1', flushMs = 1_000 } = options;
  const { clock, store } = tools;
  const meter = collectorMeter(NAME, tools.metrics, tools.log);
  const place = `${host}:${port}`;
  let address: { readonly host: string; readonly port: number } | undefined;
  let queue: Buffer[] = [];
  let queuedBytes = 0;

  function receive(datagram: Buffer): void {
    if (queuedBytes + datagram.length > MAX_QUEUED_BYTES) return meter.lost(1, FULL);
    queue.push(datagram, NEWLINE);
    queuedBytes += datagram.length + NEWLINE.length;
  }

  async function flush(): Promise<void> {
    if (queue.length === 0) return;
    const datagrams = queue.length / 2;
    const bytes = new Uint8Array(Buffer.concat(queue));
    queue = [];
    queuedBytes = 0;
    try {
      countRefused(await store.ingest('statsd', bytes), meter);
      meter.succeeded(place);
    } catch (error) {
      // Not sent again: some of it may be in the totals already.
      meter.lost(datagrams, (error as Error).message);
    }
  }

  async function listen(signal: AbortSignal): Promise<void> {
    using socket = await bound(host, port, signal);
    socket.on('message', receive);
    const { address: own, port: bind } = socket.address();
    address = { host: own, port: bind };
    meter.succeeded(place);
    const broken = new AbortController();
    socket.on('error', (error) => broken.abort(error));
    const open = AbortSignal.any([signal, broken.signal]);
    while (!open.aborted) {
      await pause(clock, flushMs, open);
      await flush();
    }
    broken.signal.throwIfAborted();
  }

  return {
    name: NAME,
    get address() {
      return address;
    },
    async run(signal) {
      while (!signal.aborted) {
        await listen(signal).catch((error: unknown) => {
          if (!signal.aborted) meter.failed(place, error);
        });
        address = undefined;
        await pause(clock, AGAIN_MS, signal);
      }
    },
  };
}

async function bound(host: string, port: number, signal: AbortSignal): Promise<Socket & Disposable> {
  const socket = createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
  });
  socket.bind(port, host);
  try {
    await once(socket, 'listening', { signal });
  } catch (error) {
    socket.close();
    throw error;
  }
  return Object.assign(socket, { [Symbol.dispose]: () => void socket.close() });
}
