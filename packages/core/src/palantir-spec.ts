/** What the app model says of Palantir, which keeps and shows the telemetry of everything that runs. */
import { bytes, type Duration, milliseconds, type Size } from './duration.ts';

export interface PalantirSpec {
  /** Where its pages are, and where telemetry is sent to. Default 7070; the variable GOBLIN_PALANTIR_PORT goes before it,
   * 0 takes any free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Host names that it is reached by, besides those of this machine, such as `wall.example.com`. */
  readonly hosts?: readonly string[];
  /** The oldest is deleted beyond either. */
  readonly keep?: {
    /** Default 15d, at least one day. */
    readonly for?: Duration;
    /** Default 5gb, at least 100mb. */
    readonly size?: Size;
  };
  /** The folder of its rules, notifiers and dashboards, relative to the config file. Default `palantir`, if it is there. */
  readonly settings?: string;
}

/** With its defaults filled in. */
export interface PalantirModel {
  readonly port: number;
  readonly host: string;
  readonly hosts: readonly string[];
  readonly keepMs: number;
  readonly keepBytes: number;
  readonly settings: string;
}

export const PALANTIR_PORT = 7_070;
const DAY_MS = 86_400_000;
const MIN_BYTES = 100 * 1_048_576;

/** What is wrong with it, each with its place. */
export function* palantirProblems(spec: PalantirSpec): Generator<string> {
  const { port = PALANTIR_PORT, keep } = spec;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    yield `palantir.port is ${JSON.stringify(port)}: write a port from 0 to 65535`;
  const forMs = quantityOf(keep?.for, milliseconds);
  if (forMs === undefined || forMs < DAY_MS)
    yield `palantir.keep.for is ${JSON.stringify(keep?.for)}: write a duration of at least '1d'`;
  const size = quantityOf(keep?.size, bytes);
  if (size === undefined || size < MIN_BYTES)
    yield `palantir.keep.size is ${JSON.stringify(keep?.size)}: write a size of at least '100mb'`;
}

/** @throws INVALID_INPUT for a spec with problems */
export function palantirModel({ port, host, hosts, keep, settings }: PalantirSpec): PalantirModel {
  return {
    port: port ?? PALANTIR_PORT,
    host: host ?? '127.0.0.1',
    hosts: hosts ?? [],
    keepMs: milliseconds(keep?.for ?? '15d'),
    keepBytes: bytes(keep?.size ?? '5gb'),
    settings: settings ?? 'palantir',
  };
}

/** Infinite where nothing is given, undefined for what is none. */
function quantityOf<T>(given: T | undefined, parse: (given: T) => number): number | undefined {
  if (given === undefined) return Number.POSITIVE_INFINITY;
  try {
    return parse(given);
  } catch {
    return undefined;
  }
}
