/** What is on every screen of the wall: how things are in one line, the time, how old the data is, and which screens there are. */
import type { SettingsTrouble } from '../../src/live/wall-state.ts';
import { age } from '../shared/format.ts';
import { STALE_MS, type WallState } from '../shared/live.ts';
import { withQuery } from '../shared/location.ts';
import { problemOf } from '../shared/settings.ts';
import { Sign } from '../shared/sign.tsx';
import { useFittingText } from './fit-text.ts';
import type { Screen, verdict } from './screens.ts';

interface HeaderProps {
  readonly state: WallState;
  readonly nowMs: number;
  readonly ageMs: number;
  readonly verdict: ReturnType<typeof verdict>;
}

export function WallHeader({ state, nowMs, ageMs, verdict: { state: health, words } }: HeaderProps) {
  const swarmMs = state.swarm.atMs > 0 ? state.atMs - state.swarm.atMs : 0;
  const line = useFittingText<HTMLSpanElement>();
  const oldMs = Math.max(0, ageMs) + Math.max(0, swarmMs);
  return (
    <header class="wall-header">
      <h1 class={`is-${health}`}>
        <Sign state={health} />
        <span ref={line}>{words}</span>
      </h1>
      <p class={oldMs >= STALE_MS ? 'wall-age is-old' : 'wall-age'}>data {age(oldMs)} old</p>
      <p class="wall-clock">{new Date(nowMs).toLocaleTimeString('en-GB')}</p>
    </header>
  );
}

const NAMES: Readonly<Record<Screen['kind'], string>> = {
  overview: 'Services',
  swarm: 'Swarm',
  slos: 'SLOs',
  changes: 'Changes',
  alerts: 'Alerts',
};

/** In one line: the newest settings have mistakes, and those before them are in use. */
export function WallSettings({ trouble: { count, first } }: { trouble: SettingsTrouble }) {
  const { place, message } = problemOf(first);
  return (
    <a class="wall-settings" href="/explore/settings">
      <Sign state="degraded" word="The settings have mistakes:" />
      <span class="wall-title">
        <b>{place}</b> {message}
      </span>
      {count > 1 && <span class="wall-quiet">and {count - 1} more</span>}
    </a>
  );
}

export function WallFooter(props: {
  app: string;
  screens: readonly Screen[];
  shown: Screen;
  isHeld: boolean;
}) {
  const { app, screens, shown, isHeld } = props;
  const kinds = [...new Set(screens.map(({ kind }) => kind))];
  return (
    <footer class="wall-footer">
      <nav aria-label="Screens">
        {kinds.map((kind) => (
          <a
            key={kind}
            href={withQuery({ screen: kind })}
            aria-current={kind === shown.kind ? 'true' : undefined}
          >
            {NAMES[kind]}
            {kind === shown.kind &&
              shown.kind === 'overview' &&
              shown.pages > 1 &&
              ` ${shown.page + 1}/${shown.pages}`}
          </a>
        ))}
        {isHeld && <a href={withQuery({ screen: undefined })}>Take turns</a>}
        <a class="wall-leave" href="/">
          Leave
        </a>
      </nav>
      <p class="wall-app">{app}</p>
    </footer>
  );
}
