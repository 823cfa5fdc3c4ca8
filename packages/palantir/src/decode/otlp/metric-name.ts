/** The name a metric of OpenTelemetry has in Prometheus, by the compatibility rules
 * (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/) as the Collector applies them: the words of
 * the name joined by underscores, the unit where it is not among them, `total` last for counters and `ratio` for gauges of
 * unit 1. */
import { memo } from '../memo.ts';

/** Of https://ucum.org, those that the semantic conventions use. */
const UNITS: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  TiBy: 'tibibytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '%': 'percent',
  '1': '',
};
const PER_UNITS: Readonly<Record<string, string>> = {
  s: 'second',
  m: 'minute',
  min: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};
/** A longer one is none. */
const MAX_UNIT_LENGTH = 63;
const SEPARATOR = '\n';

/** What kind the name is for: only these two change it. */
export type NamedKind = 'counter' | 'gauge' | '';

export function prometheusName(name: string, unit: string, kind: NamedKind): string {
  return named(`${kind}${SEPARATOR}${unit.length > MAX_UNIT_LENGTH ? '' : unit}${SEPARATOR}${name}`);
}

const named = memo((key) => {
  const [kind, unit, ...rest] = key.split(SEPARATOR);
  let words = rest
    .join(SEPARATOR)
    .split(/[^a-zA-Z0-9:]+/)
    .filter(Boolean);
  if (words.length === 0) return '';
  const [main = '', per = ''] = unit!.split('/', 2).map((part) => part.replace(/\{[^}]*\}/g, '').trim());
  addUnit(words, lookUp(UNITS, main));
  if (per) addUnit(words, `per_${lookUp(PER_UNITS, per)}`);
  if (kind === 'counter') words = [...words.filter((word) => word !== 'total'), 'total'];
  if (kind === 'gauge' && unit === '1') words = [...words.filter((word) => word !== 'ratio'), 'ratio'];
  const joined = words.join('_');
  return /^\d/.test(joined) ? `_${joined}` : joined;
});

function lookUp(units: Readonly<Record<string, string>>, unit: string): string {
  const known = Object.hasOwn(units, unit) ? units[unit]! : unit;
  return known.replace(/[^a-zA-Z0-9]+/g, '_').replace(/^_|_$/g, '');
}

function addUnit(words: string[], unit: string): void {
  if (unit === '' || unit === 'per_') return;
  if (!`_${words.join('_')}_`.includes(`_${unit}_`)) words.push(unit);
}
