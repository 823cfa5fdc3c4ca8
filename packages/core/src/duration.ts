/** How durations and sizes are written at the surface: `'250ms'`, `'5s'`, `'1.5h'`; `'64kb'`, `'1mb'`.
 * Inside, durations are milliseconds and sizes are bytes, both plain numbers. */
import { GoblinError } from './errors.ts';

export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;
export type Size = number | `${number}${'b' | 'kb' | 'mb' | 'gb'}`;

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BYTES: Readonly<Record<string, number>> = { b: 1, kb: 1_024, mb: 1_048_576, gb: 1_073_741_824 };

/** Milliseconds of a duration. A number is taken as milliseconds. Throws INVALID_INPUT. */
export function milliseconds(duration: Duration | string): number {
  return quantity(duration, MILLISECONDS, "a duration such as '250ms', '5s', '10m', '2h' or '1d'");
}

/** Bytes of a size. A number is taken as bytes; 1 kb is 1,024 bytes. Throws INVALID_INPUT. */
export function bytes(size: Size | string): number {
  return quantity(size, BYTES, "a size such as '512b', '64kb', '1mb' or '2gb'");
}

function quantity(text: number | string, units: Readonly<Record<string, number>>, wanted: string): number {
  if (typeof text === 'number') {
    if (Number.isFinite(text) && text >= 0) return text;
  } else {
    const match = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text);
    const unit = match?.[2] === undefined ? undefined : units[match[2]];
    if (unit !== undefined) return Number(match![1]) * unit;
  }
  throw new GoblinError('INVALID_INPUT', { message: `${JSON.stringify(text)} is not ${wanted}` });
}
