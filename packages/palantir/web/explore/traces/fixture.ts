/** Traces for tests: `[name, start, end, children]` in milliseconds. */
import type { SentSpan, SentTrace } from './trace.ts';

export type Sketch = readonly [name: string, startMs: number, endMs: number, ...children: Sketch[]];

export function sentTrace(...sketches: readonly Sketch[]): SentTrace {
  const spans: SentSpan[] = [];
  const add = ([name, startMs, endMs, ...children]: Sketch, parentId?: string): void => {
    const [service = '', operation = name] = name.split(':');
    spans.push({
      traceId: 'f'.repeat(32),
      spanId: name,
      ...(parentId !== undefined && { parentId }),
      name: operation,
      kind: 'internal',
      service,
      startNs: String(BigInt(Math.round(startMs * 1e6)) + 1_700_000_000_000_000_000n),
      durationNs: (endMs - startMs) * 1e6,
      status: 'unset',
      attributes: {},
      events: [],
      links: [],
    });
    for (const child of children) add(child, name);
  };
  for (const sketch of sketches) add(sketch);
  const summary = {
    traceId: 'f'.repeat(32),
    startMs: 1.7e12,
    durationMs: 0,
    services: [],
    errors: 0,
    spans: spans.length,
  };
  return { summary, spans };
}
