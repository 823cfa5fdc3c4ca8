/** What numbers of a chart are, and how they are written. */
import { count, duration, percent } from '../../shared/format.ts';

export type Unit = 'number' | 'perSecond' | 'seconds' | 'bytes' | 'bytesPerSecond' | 'share';

const UNITS: Readonly<Record<Unit, (value: number) => string>> = {
  number: signed(number),
  perSecond: signed((value) => `${number(value)}/s`),
  seconds: signed(seconds),
  bytes: signed(bytes),
  bytesPerSecond: signed((value) => `${bytes(value)}/s`),
  share: signed(percent),
};

export function written(value: number | null | undefined, unit: Unit): string {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : UNITS[unit](value);
}

/** By the names of the metrics in a query, as OpenMetrics ends them. */
export function unitOf(query: string): Unit {
  const isRate = /\b(rate|irate)\s*\(/.test(query);
  if (/histogram_quantile/.test(query) && /_seconds_bucket/.test(query)) return 'seconds';
  if (/_(count|bucket|total)\b/.test(query) && isRate) return 'perSecond';
  if (isRate) return 'number';
  if (/_seconds\b/.test(query) && !/\bcount\b/.test(query)) return 'seconds';
  if (/_bytes\b/.test(query)) return 'bytes';
  return /_ratio\b/.test(query) ? 'share' : 'number';
}

function signed(write: (value: number) => string): (value: number) => string {
  return (value) => (value < 0 ? `−${write(-value)}` : write(value));
}

function number(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} G`;
  return value !== 0 && value < 0.01 ? value.toPrecision(2) : count(value);
}

function seconds(value: number): string {
  if (value === 0) return '0';
  if (value >= 7_200) return `${number(value / 3_600)} h`;
  return value >= 120
    ? `${number(value / 60)} min`
    : value >= 60
      ? `${Math.round(value)} s`
      : duration(value * 1_000);
}

function bytes(value: number): string {
  const power = Math.min(4, Math.floor(Math.log2(Math.max(1, value)) / 10));
  const scaled = value / 1_024 ** power;
  return `${scaled >= 100 || power === 0 ? Math.round(scaled) : scaled.toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}
