/** What is measured: a server that takes one kind of telemetry, with a process that sends to it. */
import { join } from 'node:path';
import { cpuMicrosOf } from '../processes.ts';
import { type Side, startSide } from '../side.ts';
import { ITEMS, type Kind } from './bodies.ts';
import type { Sent } from './sender.ts';
import { influxServer, palantirServer, type Server, victoriaServer } from './servers.ts';

export interface Listed {
  readonly name: string;
  readonly kind: Kind;
  start(): Promise<Server | undefined>;
}

export const METRICS: readonly Listed[] = [
  { name: 'palantir', kind: 'remote write', start: palantirServer },
  { name: 'palantir line protocol', kind: 'line protocol', start: palantirServer },
  { name: 'victoriametrics', kind: 'remote write', start: victoriaServer },
  { name: 'influxdb 1.6', kind: 'line protocol', start: influxServer },
];
export const LOGS: Listed = { name: 'palantir', kind: 'logs', start: palantirServer };
export const SPANS: Listed = { name: 'palantir', kind: 'spans', start: palantirServer };

export interface Subject extends AsyncDisposable {
  readonly name: string;
  readonly kind: Kind;
  readonly server: Server;
  /** All items so far, and their bytes as JSON. */
  readonly items: number;
  readonly rawBytes: number;
  /** Sends so many items as fast as it goes, and measures nothing. */
  fill(items: number): Promise<void>;
  /** Makes what `send` needs, so that it costs nothing then. */
  prepare(items: number): Promise<void>;
  /** @param pace items per second */
  send(inFlight: number, durationMs: number, pace?: number): Promise<Sent & { readonly cpuMicros: number }>;
}

/** A sender makes so many bodies at a time, to be small. */
const FILL_BODIES = 50;
const FILL_IN_FLIGHT = 2;
const FILL_TIMEOUT_MS = 600_000;
/** Before anything that is sent: points at their steps are days, logs and spans come every so often. */
const POINTS_BEFORE_MS: number = 20 * 86_400_000;
const RECORDS_BEFORE_MS: number = 3 * 3_600_000;
const RECORDS_EVERY_MS = 0.05;

/** Of the first point, line or span. */
export function beginningOf(kind: Kind, nowMs: number): number {
  return nowMs - (kind === 'logs' || kind === 'spans' ? RECORDS_BEFORE_MS : POINTS_BEFORE_MS);
}

/** Undefined where its server is not installed. */
export async function startSubject(
  { name, kind, start }: Listed,
  nowMs: number,
): Promise<Subject | undefined> {
  const server = await start();
  if (!server) return undefined;
  const program = join(import.meta.dirname, 'sender.ts');
  const args = [kind, String(beginningOf(kind, nowMs)), String(RECORDS_EVERY_MS)];
  const [sender]: [Side, string] = await startSide(`the sender to ${name}`, program, args);
  let [items, rawBytes] = [0, 0];

  async function send(
    inFlight: number,
    durationMs: number,
    pace?: number,
  ): Promise<Sent & { cpuMicros: number }> {
    const before = await cpuMicrosOf(server!.pid);
    const order = {
      do: 'send',
      ...server!.target(kind),
      inFlight,
      durationMs,
      ...(pace !== undefined && { pace }),
    };
    const sent = await sender.ask<Sent>(order);
    const cpuMicros = ((await cpuMicrosOf(server!.pid)) - before) / sent.items;
    items += sent.items;
    rawBytes += sent.rawBytes;
    return { ...sent, cpuMicros };
  }

  const bodiesOf = (wanted: number): number => Math.ceil(wanted / ITEMS[kind]);
  return {
    ...{ name, kind, server, send },
    get items() {
      return items;
    },
    get rawBytes() {
      return rawBytes;
    },
    async fill(wanted) {
      for (let left = bodiesOf(wanted); left > 0; left -= FILL_BODIES) {
        await sender.ask({ do: 'prepare', bodies: Math.min(left, FILL_BODIES) });
        await send(FILL_IN_FLIGHT, FILL_TIMEOUT_MS);
      }
    },
    prepare: (wanted) => sender.ask({ do: 'prepare', bodies: bodiesOf(wanted) }),
    async [Symbol.asyncDispose]() {
      await sender.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
