/** The wall: one question per screen, to be read across a room. What pages fills it: what is broken, since when, what changed, who has
 * it. While nothing does, screens take turns. `?screen=swarm` holds one of them, `?theme=dark` chooses colours where a television has
 * no setting for them.
 *
 * It is made to hang for months: it keeps nothing but the newest state, says so when that is old, and loads itself anew when it fails. */
import { useEffect, useErrorBoundary, useLayoutEffect } from 'preact/hooks';
import { useLinks } from '../shared/links.ts';
import { STALE_MS, useLive, type WallState } from '../shared/live.ts';
import { useLocation } from '../shared/location.ts';
import { AlertsScreen } from './alerts-screen.tsx';
import { ChangesScreen } from './changes-screen.tsx';
import { OverviewScreen } from './overview-screen.tsx';
import { useServerClock, useTurn } from './rotation.ts';
import { type Screen, screensOf, verdict } from './screens.ts';
import { SlosScreen } from './slos-screen.tsx';
import { StaleBanner } from './stale-banner.tsx';
import { SwarmScreen } from './swarm-screen.tsx';
import { troublesOf } from './trouble.ts';
import { TroubleScreen } from './trouble-screen.tsx';
import { WallFooter, WallHeader, WallSettings } from './wall-frame.tsx';
import './wall.css';

/** A stream that broke and is not back within this is told, though its last state is not stale yet. */
const LOST_MS = 6_000;
const RELOAD_MS = 10_000;

export default function WallPage() {
  const [failure] = useErrorBoundary();
  return failure === undefined ? <Wall /> : <Failed error={failure} />;
}

function Wall() {
  useLinks();
  const { state, ageMs, isConnected } = useLive();
  const nowMs = useServerClock(state?.atMs);
  const { query } = useLocation();
  const theme = query.get('theme');
  // Before anything is drawn: canvases take their colours from it.
  useLayoutEffect(() => {
    document.title = 'Wall · Palantir';
    if (theme === null) return;
    document.documentElement.dataset.theme = theme;
    return () => {
      delete document.documentElement.dataset.theme;
    };
  }, [theme]);
  const isStale = ageMs >= STALE_MS || (!isConnected && ageMs >= LOST_MS);
  if (isStale) return <StaleBanner state={state} ageMs={ageMs} isConnected={isConnected} />;
  if (!state) return <main class="wall wall-waiting">Waiting for Palantir…</main>;
  return <Screens state={state} nowMs={nowMs} ageMs={ageMs} held={query.get('screen')} />;
}

interface Shown {
  readonly state: WallState;
  readonly nowMs: number;
  readonly ageMs: number;
  readonly held: string | null;
}

function Screens({ state, nowMs, ageMs, held }: Shown) {
  const troubles = troublesOf(state);
  const screens = screensOf(state);
  const chosen = screens.filter(({ kind }) => kind === held);
  const turns = chosen.length > 0 ? chosen : screens;
  const shown = troubles.length > 0 ? troubles.length : turns.length;
  const turn = useTurn(shown, troubles.map(({ key }) => key).join(' ') || `calm ${held ?? ''}`);
  const trouble = troubles[turn];
  const screen = turns[turn]!;
  const frame = { state, nowMs, ageMs };
  if (trouble)
    return (
      <main class={`wall wall-trouble ${trouble.isTaken ? 'is-taken' : ''}`}>
        <WallHeader {...frame} verdict={{ state: 'down', words: troubleWords(turn, troubles.length) }} />
        <TroubleScreen trouble={trouble} nowMs={nowMs} />
      </main>
    );
  return (
    <main class="wall">
      <WallHeader {...frame} verdict={verdict(state)} />
      <Calm screen={screen} state={state} nowMs={nowMs} />
      {state.settingsTrouble && <WallSettings trouble={state.settingsTrouble} />}
      <WallFooter app={state.app} screens={screens} shown={screen} isHeld={chosen.length > 0} />
    </main>
  );
}

function troubleWords(turn: number, count: number): string {
  return count === 1 ? 'Broken' : `Broken: ${turn + 1} of ${count}`;
}

function Calm({ screen, state, nowMs }: { screen: Screen; state: WallState; nowMs: number }) {
  switch (screen.kind) {
    case 'overview':
      return <OverviewScreen state={state} nowMs={nowMs} page={screen.page} />;
    case 'swarm':
      return <SwarmScreen state={state} nowMs={nowMs} />;
    case 'slos':
      return <SlosScreen slos={state.slos} />;
    case 'changes':
      return <ChangesScreen changes={state.changes} nowMs={nowMs} />;
    case 'alerts':
      return <AlertsScreen state={state} nowMs={nowMs} />;
  }
}

function Failed({ error }: { error: unknown }) {
  useEffect(() => {
    console.error(error);
    const timer = setTimeout(() => location.reload(), RELOAD_MS);
    return () => clearTimeout(timer);
  }, []);
  return <main class="wall wall-waiting">The wall failed, and loads itself anew.</main>;
}
