/** Which failing log lines have one cause. The first of these that a line has decides:
 *
 * 1. a key that its author gave it, the attribute `error.fingerprint`;
 * 2. the type of its error and the top frames of its stack that are the program's own: file and function, no lines;
 * 3. the type of its error and its message without what differs from time to time. A line without any error has the service in the type's
 *    place: a sentence alone says little across services.
 *
 * The type includes the error's code, where it has one: `Error` alone is everything. */
import { createHash } from 'node:crypto';
import type { LogLine } from '../model.ts';
import { normalised } from './message.ts';
import { ownFrames } from './stack-frames.ts';

/** Changes with the rules above, so that groups of older ones are not mixed with new ones. */
const VERSION = 'v1';
const MAX_FRAMES = 3;
const MAX_TYPE = 200;
const MAX_MESSAGE = 500;
const MAX_WHY = 1_000;

export interface ErrorReport {
  readonly type: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export interface Fingerprint {
  readonly fingerprint: string;
  readonly why: string;
}

/** What a line says of an error, by our own names (`err.*`) or those of OpenTelemetry (`exception.*`). */
export function reportOf({ attributes, body }: LogLine): ErrorReport {
  const type = attributes['err.type'] ?? attributes['exception.type'] ?? '';
  const code = attributes['err.code'];
  const message = attributes['err.message'] ?? attributes['exception.message'] ?? '';
  return {
    type: (type && code ? `${type} ${code}` : type || code || '').slice(0, MAX_TYPE),
    message: (message || body).slice(0, MAX_MESSAGE),
    stack: attributes['err.stack'] ?? attributes['exception.stacktrace'],
  };
}

export function fingerprintOf(line: LogLine, { type, message, stack }: ErrorReport): Fingerprint {
  const key = line.attributes['error.fingerprint'];
  if (key) return made(['key', key], `its author gave it the key ${key}`);
  const frames = stack ? ownFrames(stack, MAX_FRAMES) : [];
  if (frames.length > 0)
    return made(['stack', type, ...frames], `the same error${type && ` ${type}`} from ${frames.join(' ← ')}`);
  const sentence = normalised(message);
  if (type) return made(['message', type, sentence], `the same error ${type} that says: ${sentence}`);
  return made(
    ['line', line.service, sentence],
    `the same line of ${line.service || 'no service'}: ${sentence}`,
  );
}

function made(parts: readonly string[], why: string): Fingerprint {
  const hash = createHash('sha256').update(parts.join('\n')).digest('hex');
  return { fingerprint: `${VERSION}:${hash.slice(0, 16)}`, why: why.slice(0, MAX_WHY) };
}
