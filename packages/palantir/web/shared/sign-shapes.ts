/** The signs of health, as paths in a square of 24: a shape of its own for each, so that they are told apart without colour.
 * Pages draw them as SVG, canvases as paths. */
import type { ServiceState } from '../../src/live/wall-state.ts';

export interface SignShape {
  /** Filled. */
  readonly shape: string;
  /** Drawn upon it, as a line. */
  readonly mark: string;
}

const CIRCLE = 'M12 2a10 10 0 1 0 0 20a10 10 0 0 0 0-20z';

export const SIGNS: Readonly<Record<ServiceState, SignShape>> = {
  ok: { shape: CIRCLE, mark: 'M7.2 12.4l3.3 3.4 6.3-7' },
  degraded: { shape: 'M12 1.6L23.4 21.6H.6z', mark: 'M12 9v6M12 18v.3' },
  down: {
    shape: 'M7.9 2h8.2L22 7.9v8.2L16.1 22H7.9L2 16.1V7.9z',
    mark: 'M8.2 8.2l7.6 7.6M15.8 8.2l-7.6 7.6',
  },
  unknown: { shape: CIRCLE, mark: 'M9.3 9.3a2.8 2.8 0 1 1 4.2 2.5c-1.1.6-1.5 1.2-1.5 2.2M12 17.3v.2' },
};

export const MARK_WIDTH = 2.6;
