/** Which new traces are recorded from the start. The decision is a function of the trace id alone, so that all
 * processes with the same ratio decide alike; below a parent, the parent's decision holds. What fails or is slow is
 * kept anyway (unsampled-trace.ts). */
import { GoblinError } from '../errors.ts';

export type Sampler = (traceId: string) => boolean;

/** The digits at the end are random in every implementation of W3C trace context. */
const DIGITS = 8;

export const sampleAll: Sampler = () => true;

/** Samples this share of traces, 0 to 1. @throws INVALID_INPUT */
export function ratioSampler(ratio: number): Sampler {
  if (!(ratio >= 0 && ratio <= 1))
    throw new GoblinError('INVALID_INPUT', { message: `the sampling ratio ${ratio} is not between 0 and 1` });
  if (ratio === 1) return sampleAll;
  const limit = ratio * 16 ** DIGITS;
  return (traceId) => Number.parseInt(traceId.slice(-DIGITS), 16) < limit;
}
