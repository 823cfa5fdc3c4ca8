/** How one process treats the peers of a target, as text. */
import type { CallsView, Peer, PeerView, TargetView } from '@goblin/mesh';
import type { Colours } from './colours.ts';
import { columns } from './text.ts';

const HEAD = ['PEER', 'STATE', 'ZONE', 'WEIGHT', 'IN FLIGHT', 'LATENCY', 'SUCCESS', 'WHY'];
const ALIGN = ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'left'] as const;
const INDENT = '  ';

export function explanation(caller: Peer, view: TargetView, colours: Colours): string {
  const zone = view.caller.zone === null ? '' : ` in zone ${view.caller.zone}`;
  const rows = view.peers.map((peer) => rowOf(peer, colours));
  const table = columns([HEAD.map(colours.dim), ...rows], ALIGN).split('\n');
  return [
    `${colours.bold(caller.instance)}${zone} → ${view.name}`,
    ...(view.peers.length === 0 ? [`${INDENT}knows no instance of it`] : table.map((line) => INDENT + line)),
    ...view.calls.flatMap((calls) => callLines(calls, view.name)).map((line) => INDENT + colours.dim(line)),
  ].join('\n');
}

function rowOf(peer: PeerView, { bold, green, red, yellow }: Colours): string[] {
  const isOut = peer.ejected !== null || peer.state !== 'ready' || !peer.inSubset;
  const colour = isOut ? red : yellow;
  return [
    bold(peer.instance),
    peer.state,
    peer.zone ?? '-',
    weightOf(peer),
    String(peer.inFlight),
    milliseconds(peer.latencyMs),
    peer.successRate === null ? '-' : `${Math.round(peer.successRate * 100)} %`,
    peer.why === null ? green('gets its share') : colour(peer.why),
  ];
}

/** What it announces, and what counts for this caller where that differs. */
function weightOf({ weight, effectiveWeight }: PeerView): string {
  const counts = Number(effectiveWeight.toFixed(2));
  return counts === weight ? String(weight) : `${counts} of ${weight}`;
}

function callLines({ target, attempts, hedges, retryBudget, procedures }: CallsView, name: string): string[] {
  const outcomes = Object.entries(attempts).flatMap(([outcome, count]) =>
    count > 0 ? [`${count} ${outcome}`] : [],
  );
  const parts = [
    `attempts${target === name ? '' : ` by the name of ${target}`}: ${outcomes.join(', ') || 'none'}`,
    `${Math.floor(retryBudget)} retries left`,
    ...(hedges.made > 0 ? [`${hedges.made} hedges, of which ${hedges.won} were first`] : []),
  ];
  return [
    parts.join('; '),
    ...procedures.flatMap(({ path, p50Ms, p95Ms, samples }) =>
      p50Ms === null ? [] : [`${path}: p50 ${milliseconds(p50Ms)}, p95 ${milliseconds(p95Ms)} of ${samples}`],
    ),
  ];
}

function milliseconds(value: number | null): string {
  if (value === null) return '-';
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}
