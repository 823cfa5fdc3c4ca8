/** The whole swarm, and those who are not well by name. */
import type { WallState } from '../shared/live.ts';
import { SwarmPicture } from '../swarm/swarm-picture.tsx';
import { textSize } from './text-size.ts';

export function SwarmScreen({ state, nowMs }: { state: WallState; nowMs: number }) {
  const text = textSize();
  return (
    <div class="wall-swarm">
      <SwarmPicture state={state} nowMs={nowMs} text={text} smallText={text} label="The swarm" />
    </div>
  );
}
