/** Over the whole screen when what would be shown may no longer be true. It goes when something new is heard. */
import { age } from '../shared/format.ts';
import type { WallState } from '../shared/live.ts';
import { Sign } from '../shared/sign.tsx';

interface Props {
  readonly state: WallState | undefined;
  readonly ageMs: number;
  readonly isConnected: boolean;
}

export function StaleBanner({ state, ageMs, isConnected }: Props) {
  return (
    <main class="wall wall-stale">
      <div role="alert">
        <h1>
          <Sign state="unknown" /> {isConnected ? 'No news from Palantir' : 'Palantir is not reached'}
        </h1>
      </div>
      <p class="wall-stale-age">{age(ageMs)}</p>
      <p>
        {state
          ? `The last state is of ${new Date(state.atMs).toLocaleTimeString('en-GB')}. Nobody knows how things are now.`
          : 'Nothing was heard yet.'}
      </p>
      <p>It is tried again by itself.</p>
    </main>
  );
}
