/** Says for a person why a peer gets no calls, or fewer than others. */
import type { Peer } from '../peer.ts';
import type { PeerTreatment } from './treatment.ts';

/** Slower than typical by this much is worth a word. */
const NOTABLY_SLOW = 2;

export interface Circumstances {
  /** The caller's. */
  readonly zone: string | undefined;
  readonly suspected: string | null;
  readonly now: number;
  /** The wall clock's time, in epoch ms, for one of the monotonic clock. */
  wall(at: number): number;
}

/** The weightiest reason; undefined where nothing holds calls off. */
export function whyNotCalled(
  peer: Peer,
  treatment: PeerTreatment,
  circumstances: Circumstances,
): string | undefined {
  const { ejection } = treatment;
  if (!peer.address) return 'is a pure client: it listens nowhere';
  if (peer.state === 'starting') return 'is still starting';
  if (peer.state === 'draining') return 'is draining';
  if (ejection) {
    const { because, until, times } = ejection;
    const again = times > 1 ? ` (${times} times in a row)` : '';
    if (circumstances.now >= until)
      return `is probed by the next attempt: it was avoided because ${because}${again}`;
    return `is avoided until ${new Date(circumstances.wall(until)).toISOString()} because ${because}${again}`;
  }
  if (treatment.isFar)
    return `is in ${peer.zone === undefined ? 'no zone' : `zone ${peer.zone}`}, and zone ${circumstances.zone} is not busy`;
  if (!treatment.inSubset)
    return `not in this caller's subset of ${treatment.subsetSize} of ${treatment.listSize}`;
  if (treatment.isRefusing) return 'has refused calls lately: it is overloaded';
  if (treatment.slowStart < 1) return `slow start: ${Math.round(treatment.slowStart * 100)} % of its weight`;
  if (treatment.slowness >= NOTABLY_SLOW)
    return `is ${treatment.slowness.toFixed(1)} times as slow as is typical`;
  if (circumstances.suspected !== null) return `may have ended: ${circumstances.suspected}`;
  return undefined;
}
