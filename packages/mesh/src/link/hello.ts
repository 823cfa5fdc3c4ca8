/** What both ends say first: version, who they are, what they can and how much they take. The caller proposes, the other
 * end answers with what holds. Fields that an end does not know are passed over, so that either can
 * be newer. */
import { CODEC_NAMES } from './codec.ts';
import { MAX_SLOTS, VERSION } from './frames.ts';
import { LinkViolation } from './violation.ts';

/** What one end takes from the other. */
export interface LinkLimits {
  /** Of one input, output or item, encoded. */
  readonly maxPayloadBytes: number;
  /** At a time, streams included. A caller's own number means nothing. */
  readonly maxCalls: number;
  readonly maxStreams: number;
  /** Procedures that one caller may name. */
  readonly maxMethods: number;
  /** Of a stream's items before the reader has asked for more. */
  readonly windowBytes: number;
}

export interface Hello extends LinkLimits {
  /** The newest that the caller speaks; that of the answer is the one that both speak. */
  readonly version: number;
  readonly instance: string;
  /** The best first; the answer names the chosen one. */
  readonly codecs: readonly string[];
}

export const DEFAULT_LIMITS: LinkLimits = {
  maxPayloadBytes: 1_048_576,
  maxCalls: 16_384,
  maxStreams: 256,
  maxMethods: 4_096,
  windowBytes: 262_144,
};

const MAX_INSTANCE_LENGTH = 128;
const MAX_CODECS = 16;

export function helloOf(instance: string, limits: LinkLimits): Hello {
  const { maxPayloadBytes, maxCalls, maxStreams, maxMethods, windowBytes } = limits;
  return {
    version: VERSION,
    instance,
    codecs: CODEC_NAMES,
    maxPayloadBytes,
    maxCalls: Math.min(maxCalls, MAX_SLOTS),
    maxStreams,
    maxMethods,
    windowBytes,
  };
}

/** @throws LinkViolation naming the field that is wrong */
export function parseHello(json: string): Hello {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new LinkViolation('the hello is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new LinkViolation('the hello is not an object');
  const said = value as Record<string, unknown>;
  const number = (name: string, most = Number.MAX_SAFE_INTEGER): number => {
    const it = said[name];
    if (Number.isSafeInteger(it) && (it as number) >= 1) return Math.min(it as number, most);
    throw new LinkViolation(`${name} of the hello is not a positive number`);
  };
  const { instance, codecs } = said;
  if (typeof instance !== 'string' || instance.length > MAX_INSTANCE_LENGTH)
    throw new LinkViolation('instance of the hello is no name');
  if (!Array.isArray(codecs) || codecs.length > MAX_CODECS || codecs.some((name) => typeof name !== 'string'))
    throw new LinkViolation('codecs of the hello are no list of names');
  return {
    version: number('version'),
    instance,
    codecs: codecs as string[],
    maxPayloadBytes: number('maxPayloadBytes'),
    maxCalls: number('maxCalls', MAX_SLOTS),
    maxStreams: number('maxStreams'),
    maxMethods: number('maxMethods', MAX_SLOTS),
    windowBytes: number('windowBytes'),
  };
}
