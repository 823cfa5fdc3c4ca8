/** Where the time of a trace goes: spans of one service and name under one parent are one frame. What a frame weighs is the time that it
 * took itself, while none below it ran, and what those below weigh: work side by side counts as often as it is done. */
import type { Span } from './trace.ts';

export interface Frame {
  /** Of all frames above and itself: the same in another trace. */
  readonly path: string;
  readonly service: string;
  readonly name: string;
  count: number;
  errors: number;
  selfMs: number;
  /** `selfMs` of it and of all below. */
  totalMs: number;
  readonly children: Map<string, Frame>;
}

/** What is deeper is counted to the last frame: nobody could see it. */
const MAX_DEPTH = 100;

export function flameOf(roots: readonly Span[]): Frame {
  const top = frame('', '', 'all');
  grow(top, roots, 0);
  return top;
}

function grow(parent: Frame, spans: readonly Span[], depth: number): void {
  const groups = new Map<string, { frame: Frame; below: Span[] }>();
  for (const span of spans) {
    const { service, name, status } = span.sent;
    const key = `${service} ${name}`;
    let group = groups.get(key);
    if (!group) {
      group = { frame: frame(`${parent.path}\n${key}`, service, name), below: [] };
      groups.set(key, group);
      parent.children.set(key, group.frame);
    }
    group.frame.count++;
    if (status === 'error') group.frame.errors++;
    group.frame.selfMs += depth < MAX_DEPTH ? selfOf(span) : span.endMs - span.startMs;
    group.below.push(...span.children);
  }
  for (const { frame: made, below } of groups.values()) {
    if (depth < MAX_DEPTH) grow(made, below, depth + 1);
    made.totalMs = made.selfMs;
    for (const child of made.children.values()) made.totalMs += child.totalMs;
  }
  parent.totalMs = parent.selfMs;
  for (const child of parent.children.values()) parent.totalMs += child.totalMs;
}

/** Its time without that in which a child ran. */
function selfOf({ startMs, endMs, children }: Span): number {
  let covered = 0;
  let upTo = startMs;
  for (const child of children) {
    const from = Math.max(upTo, child.startMs);
    const to = Math.min(endMs, child.endMs);
    if (to <= from) continue;
    covered += to - from;
    upTo = to;
  }
  return endMs - startMs - covered;
}

function frame(path: string, service: string, name: string): Frame {
  return { path, service, name, count: 0, errors: 0, selfMs: 0, totalMs: 0, children: new Map() };
}
