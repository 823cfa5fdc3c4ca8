/** A sign of health with its word: seen by shape and colour, read by who cannot see it. */
import type { ServiceState } from '../../src/live/wall-state.ts';
import { MARK_WIDTH, SIGNS } from './sign-shapes.ts';

export function Sign({ state, word = state }: { state: ServiceState; word?: string }) {
  const { shape, mark } = SIGNS[state];
  return (
    <svg class={`sign is-${state}`} viewBox="0 0 24 24" role="img" aria-label={word}>
      <path class="sign-shape" d={shape} />
      <path class="sign-mark" d={mark} fill="none" stroke-width={MARK_WIDTH} stroke-linecap="round" />
    </svg>
  );
}
