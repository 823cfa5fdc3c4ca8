/** Severities of log lines: OpenTelemetry's 24 numbers as the six words that people use. */

export const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'] as const;
export type Level = (typeof LEVELS)[number];

/** `unknown` where it is not known. */
export function levelOf(severity: number): Level {
  if (!(severity >= 1 && severity <= 24)) return 'unknown';
  return LEVELS[5 - Math.floor((severity - 1) / 4)]!;
}
