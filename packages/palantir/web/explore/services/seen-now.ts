/** A service as it is seen now, with what is written about it. */
import type { ServiceDetail } from '../../../src/live/service-detail.ts';
import type { ServiceSummary } from '../../../src/live/wall-state.ts';

/** @param said as the server told it once: of how the service did then nothing is left, so that no word of trouble outlives it */
export function seenNow(said: ServiceDetail | undefined, now: ServiceSummary): ServiceDetail {
  const { detail: _then, ...written }: Partial<ServiceDetail> = said ?? {};
  return { ...written, ...now };
}
