/** What a fault is: which calls it strikes, what it does to them and for how long. It comes from a test as a value or
 * from an operator as JSON, and both go through `parseFault`, which names everything that is wrong at once.
 * @example { match: { contract: 'tax.*', percent: 20 }, effect: { latencyMs: [100, 300] }, forMs: 30_000 } */
import { closest, type ErrorCode, errorRegistry, GoblinError } from '@goblin/core';

export const DEFAULT_FAULT_MS = 60_000;
/** Nobody remembers after an hour that a fault was injected. */
export const MAX_FAULT_MS = 3_600_000;
export const MAX_FAULT_LATENCY_MS = 60_000;

/** `server` strikes where a call comes in, `client` strikes each attempt where it goes out. */
export type FaultSide = 'client' | 'server';

/** Which calls it strikes: those that fit in everything that is named. In patterns `*` stands for any characters. */
export interface FaultMatch {
  /** Pattern of the contract's service: `tax`. */
  readonly service?: string;
  /** Pattern of the contract: `tax.v1`, `tax.*`. */
  readonly contract?: string;
  /** Pattern of the procedure: `quote`, `get*`. */
  readonly procedure?: string;
  /** The tenant, exactly. */
  readonly tenant?: string;
  /** Default `server`. */
  readonly side?: FaultSide;
  /** How many of the calls that fit, above 0 up to 100. Default 100. */
  readonly percent?: number;
}

export type FaultEffect =
  /** The call goes on later: after so many milliseconds, or evenly spread between two bounds. At most one minute. */
  | { readonly latencyMs: number | readonly [min: number, max: number] }
  /** It fails with a code of the platform's registry. */
  | { readonly error: ErrorCode }
  /** `hang` answers nothing until the deadline; `CONNECTION_FAILED` is a connection that broke before the answer. */
  | { readonly abort: 'hang' | 'CONNECTION_FAILED' };

export interface FaultSpec {
  /** Names it for `lift`. Injected again under the same name it takes the place of the former. Default `fault-<n>`. */
  readonly id?: string;
  /** Default: each call that comes in. */
  readonly match?: FaultMatch;
  readonly effect: FaultEffect;
  /** After so long it lifts itself. Default one minute, at most one hour. */
  readonly forMs?: number;
}

const ID = /^[A-Za-z0-9][\w.-]{0,63}$/;
const PATTERN = /^[\w.*-]{1,128}$/;
const MAX_TENANT_LENGTH = 256;

const SPEC_FIELDS = ['id', 'match', 'effect', 'forMs'];
const MATCH_FIELDS = ['service', 'contract', 'procedure', 'tenant', 'side', 'percent'];
const EFFECT_FIELDS = ['latencyMs', 'error', 'abort'];

/** A fault from unknown JSON. @throws INVALID_INPUT naming each field that is wrong and what would be right. */
export function parseFault(value: unknown): FaultSpec {
  const problems = isRecord(value) ? [...problemsOf(value)] : ['it must be an object with an effect'];
  if (problems.length === 0) return value as unknown as FaultSpec;
  throw new GoblinError('INVALID_INPUT', {
    message: `this is not a fault: ${problems.join('; ')}`,
    data: { problems },
  });
}

type Fields = Readonly<Record<string, unknown>>;

function* problemsOf(spec: Fields): Generator<string> {
  yield* unknownFields(spec, SPEC_FIELDS, '');
  const { id, match, effect, forMs } = spec;
  if (id !== undefined && !matches(id, ID))
    yield 'id must be of letters, digits, ".", "_" and "-", at most 64 of them';
  if (forMs !== undefined && !isWithin(forMs, 1, MAX_FAULT_MS))
    yield `forMs must be a number from 1 to ${MAX_FAULT_MS} (one hour)`;
  if (isRecord(match)) yield* problemsOfMatch(match);
  else if (match !== undefined) yield 'match must be an object';
  if (isRecord(effect)) yield* problemsOfEffect(effect);
  else yield 'effect must be an object with latencyMs, error or abort';
}

function* problemsOfMatch(match: Fields): Generator<string> {
  yield* unknownFields(match, MATCH_FIELDS, 'match.');
  for (const field of ['service', 'contract', 'procedure']) {
    if (match[field] !== undefined && !matches(match[field], PATTERN))
      yield `match.${field} must be a name in which * stands for any characters, such as "tax.*"`;
  }
  const { tenant, side, percent } = match;
  if (tenant !== undefined && !(typeof tenant === 'string' && isWithin(tenant.length, 1, MAX_TENANT_LENGTH)))
    yield `match.tenant must be a text of 1 to ${MAX_TENANT_LENGTH} characters`;
  if (side !== undefined && side !== 'client' && side !== 'server')
    yield 'match.side must be "client" or "server"';
  if (percent !== undefined && !(isWithin(percent, 0, 100) && percent > 0))
    yield 'match.percent must be a number above 0 up to 100';
}

function* problemsOfEffect(effect: Fields): Generator<string> {
  yield* unknownFields(effect, EFFECT_FIELDS, 'effect.');
  if (EFFECT_FIELDS.filter((field) => effect[field] !== undefined).length !== 1)
    yield 'effect must have exactly one of latencyMs, error and abort';
  const { latencyMs, error, abort } = effect;
  if (latencyMs !== undefined && !isLatency(latencyMs))
    yield `effect.latencyMs must be a number from 0 to ${MAX_FAULT_LATENCY_MS}, or two of them: [least, most]`;
  if (error !== undefined && !(typeof error === 'string' && Object.hasOwn(errorRegistry, error))) {
    const meant = closest(String(error), Object.keys(errorRegistry));
    yield `effect.error must be a code of the platform, such as ${meant ?? 'UNAVAILABLE'}`;
  }
  if (abort !== undefined && abort !== 'hang' && abort !== 'CONNECTION_FAILED')
    yield 'effect.abort must be "hang" or "CONNECTION_FAILED"';
}

function* unknownFields(value: Fields, known: readonly string[], at: string): Generator<string> {
  for (const field of Object.keys(value)) {
    if (known.includes(field)) continue;
    const meant = closest(field, known);
    yield `${at}${field} is not known${meant === undefined ? `; known are ${known.join(', ')}` : `; did you mean ${meant}?`}`;
  }
}

function isLatency(value: unknown): boolean {
  const isOne = (ms: unknown): ms is number => isWithin(ms, 0, MAX_FAULT_LATENCY_MS);
  if (!Array.isArray(value)) return isOne(value);
  const [least, most] = value as unknown[];
  return value.length === 2 && isOne(least) && isOne(most) && least <= most;
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
