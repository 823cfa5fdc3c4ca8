/** How a balancer treats a peer, as it tells who asks. Times are those of its clock. */
import type { Ejection, Standing } from './standing.ts';

export interface PeerTreatment {
  /** Whether it is called while those that this caller prefers can take the calls. */
  readonly inSubset: boolean;
  readonly subsetSize: number;
  /** Peers in the list that the subset is of. */
  readonly listSize: number;
  /** Whether peers nearer to the caller take all calls now. */
  readonly isFar: boolean;
  /** Slow start and the part of a subset included; 0 where it is not called. */
  readonly effectiveWeight: number;
  /** 0 to 1; 1 when its slow start is over. */
  readonly slowStart: number;
  readonly latencyMs: number | null;
  readonly slowness: number;
  readonly inFlight: number;
  readonly successRate: number | null;
  /** Whether it has refused a call lately. */
  readonly isRefusing: boolean;
  readonly ejection: Ejection | undefined;
  readonly lastFailure: { readonly message: string; readonly at: number } | undefined;
}

export interface PlaceInList {
  /** Undefined where it is not in the subset. */
  readonly weight: number | undefined;
  readonly subsetSize: number;
  readonly listSize: number;
  readonly isFar: boolean;
}

/** @param standing undefined of a peer that was never a candidate. */
export function treatmentOf(standing: Standing | undefined, now: number, place: PlaceInList): PeerTreatment {
  const slowStart = standing?.warmth(now) ?? 1;
  const attempts = standing?.successes.attempts(now) ?? 0;
  return {
    inSubset: place.weight !== undefined && !place.isFar,
    subsetSize: place.subsetSize,
    listSize: place.listSize,
    isFar: place.isFar,
    effectiveWeight: place.isFar ? 0 : (place.weight ?? 0) * slowStart,
    slowStart,
    latencyMs: standing && standing.latency.averageMs > 0 ? standing.latency.averageMs : null,
    slowness: standing?.latency.slowness(now) ?? 1,
    inFlight: standing?.inFlight ?? 0,
    successRate: standing && attempts > 0 ? 1 - standing.successes.failures(now) / attempts : null,
    isRefusing: standing?.isRefusing(now) ?? false,
    ejection: standing?.ejection,
    lastFailure: standing?.lastFailure,
  };
}
