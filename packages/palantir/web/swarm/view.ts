/** What a picture of the swarm shows, besides where things are. */
import type { WallState } from '../../src/live/wall-state.ts';
import type { Edge } from './edges.ts';
import type { SwarmLayout } from './layout.ts';
import type { Selection } from './selection.ts';

export interface View {
  readonly state: Pick<WallState, 'services' | 'swarm' | 'flows'>;
  readonly layout: SwarmLayout;
  readonly edges: readonly Edge[];
  /** Milliseconds since the Unix epoch, by the server's clock. */
  readonly nowMs: number;
  readonly selection: Selection | undefined;
  /** Of numbers and other small things; where it is no smaller than names, little is written. */
  readonly smallText: number;
}
