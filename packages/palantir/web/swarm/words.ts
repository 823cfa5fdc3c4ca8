/** The picture in words: what is under the pointer, and what the table says. */
import type { Flow, WallState } from '../../src/live/wall-state.ts';
import type { SwarmInstance, SwarmNode } from '../../src/swarm/swarm-state.ts';
import { age, count, duration, percent } from '../shared/format.ts';
import { isOff } from './paint-slots.ts';
import type { Selection } from './selection.ts';

export function flowWords({ requestsPerSecond, p95Ms, errorShare }: Omit<Flow, 'from' | 'to'>): string {
  return `${count(requestsPerSecond)} requests/s, p95 ${duration(p95Ms)}, ${percent(errorShare)} fail`;
}

export function instanceWords(instance: SwarmInstance): string {
  const { health, isWanted, detail } = instance;
  const off = isOff(instance) ? (isWanted ? ', should run' : ', should be gone') : '';
  return `${health}${off}${detail ? `: ${detail}` : ''}`;
}

export function nodeWords({ cpu, memory, seenAtMs, instances }: SwarmNode, nowMs: number): string {
  const share = (value: number | undefined): string => (value === undefined ? 'unknown' : percent(value));
  return `CPU ${share(cpu)}, memory ${share(memory)}, ${instances.length} instances, heard of ${age(nowMs - seenAtMs)} ago`;
}

/** One line; names first. */
export function describe(selection: Selection, state: WallState, nowMs: number): string {
  switch (selection.kind) {
    case 'service': {
      const found = state.services.find(({ name }) => name === selection.service);
      return found
        ? `${found.name}: ${found.state}, ${found.ready} of ${found.wanted} run, ${flowWords(found)}`
        : `${selection.service}: does not run here`;
    }
    case 'node': {
      const found = state.swarm.nodes.find(({ name }) => name === selection.node);
      return `${selection.node}: ${found ? nodeWords(found, nowMs) : 'gone'}`;
    }
    case 'flow': {
      const found = state.flows.find(({ from, to }) => from === selection.from && to === selection.to);
      return `${selection.from} → ${selection.to}: ${found ? flowWords(found) : 'no calls now'}`;
    }
    case 'instance': {
      const found = instanceOf(selection, state);
      const words = found ? `${found.version}, ${instanceWords(found)}` : 'gone';
      return `${selection.service} ${selection.slot} on ${selection.node}: ${words}`;
    }
  }
}

export function instanceOf(
  { node, service, slot }: Extract<Selection, { kind: 'instance' }>,
  { swarm }: WallState,
): SwarmInstance | undefined {
  return swarm.nodes
    .find(({ name }) => name === node)
    ?.instances.filter((one) => one.service === service && one.slot === slot)
    .sort((a, b) => Number(b.isWanted) - Number(a.isWanted) || b.startedAtMs - a.startedAtMs)[0];
}
