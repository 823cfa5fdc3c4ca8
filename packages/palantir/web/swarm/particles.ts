/** What moves along the lines: as many particles as the logarithm of requests per second, as fast as answers come, and of them
 * as many failures as requests fail. A particle is no thing of its own: a line has a phase that goes on with time, and its
 * particles are spread over the line from there by the golden ratio, so that more or fewer of them, or a new speed, make no jump. */
import { type Edge, pointAt } from './edges.ts';

/** Of all lines together. */
export const PARTICLE_BUDGET = 1_000;
/** For each tenfold of requests per second. */
const PER_DECADE = 4;
/** A particle takes so much longer than the answer does, so that eyes can follow. */
const SLOWNESS = 25;
const FASTEST_MS = 600;
const SLOWEST_MS = 12_000;
const GOLDEN = 0.618_033_988_749_895;
/** After a pause, such as behind another window, particles go on from where they were. */
const MAX_STEP_MS = 100;

/** How many each line gets: at least one, and no more than the budget together. */
export function particleCounts(
  rates: readonly number[],
  budget: number = PARTICLE_BUDGET,
): readonly number[] {
  const wanted = rates.map((rate) => Math.max(1, Math.round(PER_DECADE * Math.log10(1 + rate))));
  const all = wanted.reduce((sum, count) => sum + count, 0);
  if (all <= budget) return wanted;
  // One for each first, then the rest in proportion.
  const spare = Math.max(0, budget - rates.length);
  return wanted.map((count, index) =>
    index < budget ? 1 + Math.floor(((count - 1) / Math.max(1, all - rates.length)) * spare) : 0,
  );
}

/** How long a particle takes over its line. */
export function travelMs(p95Ms: number): number {
  return Math.min(SLOWEST_MS, Math.max(FASTEST_MS, p95Ms * SLOWNESS));
}

/** Failures are spread evenly, and begin with the first: a share above zero is never invisible. */
export function isFailure(index: number, errorShare: number): boolean {
  return Math.ceil((index + 1) * errorShare) > Math.ceil(index * errorShare);
}

export interface Particles {
  readonly size: number;
  /** Lines that were there before go on as they were. */
  follow(edges: readonly Edge[]): void;
  advance(elapsedMs: number): void;
  each(draw: (x: number, y: number, isFailure: boolean) => void): void;
}

export function particles(budget: number = PARTICLE_BUDGET): Particles {
  let lines: readonly {
    readonly edge: Edge;
    readonly count: number;
    readonly travel: number;
    phase: number;
  }[] = [];
  return {
    get size() {
      return lines.reduce((sum, { count }) => sum + count, 0);
    },
    follow(edges) {
      const phases = new Map(lines.map(({ edge, phase }) => [edge.key, phase]));
      const counts = particleCounts(
        edges.map(({ requestsPerSecond }) => requestsPerSecond),
        budget,
      );
      lines = edges.map((edge, index) => ({
        edge,
        count: counts[index]!,
        travel: travelMs(edge.p95Ms),
        phase: phases.get(edge.key) ?? (index * GOLDEN) % 1,
      }));
    },
    advance(elapsedMs) {
      const step = Math.min(MAX_STEP_MS, elapsedMs);
      for (const line of lines) line.phase = (line.phase + step / line.travel) % 1;
    },
    each(draw) {
      for (const { edge, count, phase } of lines) {
        for (let index = 0; index < count; index++) {
          const [x, y] = pointAt(edge.curve, (phase + index * GOLDEN) % 1);
          draw(x, y, isFailure(index, edge.errorShare));
        }
      }
    },
  };
}
