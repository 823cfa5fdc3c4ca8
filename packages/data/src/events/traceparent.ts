/** A trace context as one line of text. https://www.w3.org/TR/trace-context/#traceparent-header */
import type { TraceContext } from '@goblin/core';

const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export function writeTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

export function readTraceparent(text: string | null): TraceContext | undefined {
  const match = FORM.exec(text ?? '');
  if (!match) return undefined;
  return { traceId: match[1]!, spanId: match[2]!, sampled: (Number.parseInt(match[3]!, 16) & 1) === 1 };
}
