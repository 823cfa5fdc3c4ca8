/** A GoblinError as it crosses a link: code, message and data as JSON, whatever the codec. */
import { GoblinError } from '@goblin/core';

/** Data that JSON cannot say (a BigInt, a cycle) or that is longer than `maxBytes` is left out rather than hiding the
 * error behind another. */
export function encodeError(error: GoblinError, maxBytes: number): string {
  try {
    const whole = JSON.stringify(error);
    if (Buffer.byteLength(whole) <= maxBytes) return whole;
  } catch {
    // Told without its data.
  }
  return JSON.stringify({ code: error.code, message: error.message.slice(0, maxBytes >> 3) });
}

/** Undefined when it is none. */
export function decodeError(json: string): GoblinError | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, message, data } = value as Record<string, unknown>;
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  const isRecord = typeof data === 'object' && data !== null && !Array.isArray(data);
  return new GoblinError(code, { message, ...(isRecord && { data: data as Record<string, unknown> }) });
}
