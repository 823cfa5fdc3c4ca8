/** The instances as a table. Columns about which there is nothing to say are left out, so that the rest fits. In a table
 * that is drawn again and again what is new or different stands out for HIGHLIGHT_MS, and so does who has left. */
import type { ListedPeer } from '../services/peer-list.ts';
import type { Colours } from './colours.ts';
import { columns } from './text.ts';

const HIGHLIGHT_MS = 3_000;
const SECONDS = { m: 60, h: 3_600, d: 86_400 } as const;

interface Column {
  readonly head: string;
  text(peer: ListedPeer, nowWall: number): string;
  /** It has something to say of this one; without, always. */
  tells?(peer: ListedPeer): boolean;
  colour?(peer: ListedPeer, colours: Colours): (text: string) => string;
  /** It changes all the time. */
  readonly restless?: true;
}

const COLUMNS: readonly Column[] = [
  { head: 'SERVICE', text: ({ service }) => service, colour: (_, { bold }) => bold },
  { head: 'INSTANCE', text: ({ instance }) => instance },
  { head: 'VERSION', text: ({ version }) => version },
  {
    head: 'STATE',
    text: ({ state }) => state,
    colour: ({ state }, { green, yellow }) => (state === 'ready' ? green : yellow),
  },
  { head: 'ZONE', text: ({ zone }) => zone ?? '-', tells: ({ zone }) => zone !== null },
  {
    head: 'LOAD',
    text: ({ load }) => (load === null ? '-' : `${Math.round(load * 100)} %`),
    tells: ({ load }) => load !== null,
  },
  { head: 'WEIGHT', text: ({ weight }) => String(weight), tells: ({ weight }) => weight !== 1 },
  { head: 'ADDRESS', text: ({ address }) => address },
  { head: 'LINK', text: ({ link }) => link ?? 'no' },
  { head: 'AGE', text: ({ startedAt }, nowWall) => age(nowWall - startedAt), restless: true },
  {
    head: 'SUSPECTED',
    text: ({ suspected }) => suspected ?? '-',
    tells: ({ suspected }) => suspected !== null,
    colour: ({ suspected }, { red, dim }) => (suspected === null ? dim : red),
  },
];

/** A table of lines, the head first. */
export function peerTable(peers: readonly ListedPeer[], nowWall: number, colours: Colours): string[] {
  return layOut(peers, nowWall, colours, () => undefined);
}

export interface PeerBoard {
  /** The lines as they are now. */
  draw(peers: readonly ListedPeer[], nowWall: number): string[];
}

/** A table that remembers what it showed. */
export function peerBoard(colours: Colours): PeerBoard {
  /** By instance: what was shown, and since when a column shows something else than before. */
  const shown = new Map<string, { peer: ListedPeer; since: Map<string, number>; leftAt?: number }>();
  let isFirst = true;

  function remember(peers: readonly ListedPeer[], now: number): void {
    const here = new Set(peers.map(({ instance }) => instance));
    for (const peer of peers) {
      const before = shown.get(peer.instance);
      const since = before?.since ?? new Map<string, number>();
      for (const { head, text, restless } of COLUMNS) {
        if (restless || (before && text(before.peer, now) === text(peer, now))) continue;
        if (!isFirst) since.set(head, now);
      }
      shown.set(peer.instance, { peer, since });
    }
    for (const [instance, entry] of shown) {
      if (here.has(instance)) continue;
      entry.leftAt ??= now;
      if (now - entry.leftAt >= HIGHLIGHT_MS) shown.delete(instance);
    }
    isFirst = false;
  }

  return {
    draw(peers, nowWall) {
      remember(peers, nowWall);
      const gone = [...shown.values()].filter(({ leftAt }) => leftAt !== undefined);
      const rows = [...peers, ...gone.map(({ peer }) => ({ ...peer, state: 'left' }))];
      rows.sort((a, b) => (`${a.service} ${a.instance}` < `${b.service} ${b.instance}` ? -1 : 1));
      return layOut(rows, nowWall, colours, ({ instance }, { head }) => {
        const { since, leftAt } = shown.get(instance)!;
        if (leftAt !== undefined) return colours.red;
        const at = since.get(head);
        return at !== undefined && nowWall - at < HIGHLIGHT_MS ? colours.inverse : undefined;
      });
    },
  };
}

function layOut(
  peers: readonly ListedPeer[],
  nowWall: number,
  colours: Colours,
  highlight: (peer: ListedPeer, column: Column) => ((text: string) => string) | undefined,
): string[] {
  const used = COLUMNS.filter(({ tells }) => !tells || peers.some(tells));
  const rows = peers.map((peer) =>
    used.map((column) => {
      const paint = highlight(peer, column) ?? column.colour?.(peer, colours) ?? ((text: string) => text);
      return paint(column.text(peer, nowWall));
    }),
  );
  return columns([used.map(({ head }) => colours.dim(head)), ...rows]).split('\n');
}

/** `12s`, `3m`, `2h`, `4d` */
function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < SECONDS.m) return `${seconds}s`;
  if (seconds < SECONDS.h) return `${Math.floor(seconds / SECONDS.m)}m`;
  return seconds < 2 * SECONDS.d
    ? `${Math.floor(seconds / SECONDS.h)}h`
    : `${Math.floor(seconds / SECONDS.d)}d`;
}
