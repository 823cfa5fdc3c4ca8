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

/** Bytes of a size, whole ones. A number is taken as bytes; 1 kb is 1,024 bytes. Throws INVALID_INPUT. */
export function bytes(size: Size | string): number {
  return Math.floor(quantity(size, BYTES, "a size such as '512b', '64kb', '1mb' or '2gb'"));
}

function quantity(text: number | string, units: Readonly<Record<string, number>>, wanted: string): number {
  const amount = typeof text === 'number' ? text : amountOf(text, units);
  if (Number.isFinite(amount) && amount >= 0) return amount;
  const shown = typeof text === 'string' ? JSON.stringify(text) : text;
  throw new GoblinError('INVALID_INPUT', { message: `${shown} is not ${wanted}` });
}

function amountOf(text: string, units: Readonly<Record<string, number>>): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? [];
  return Object.hasOwn(units, unit) ? Number(digits) * units[unit]! : Number.NaN;
}
