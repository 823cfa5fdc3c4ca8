/** The visual swarm: what runs where, how it does, and what flows between. The choice and the table are in the address. */
import { useCallback, useMemo } from 'preact/hooks';
import { age } from '../shared/format.ts';
import { STALE_MS, useLive, type WallState } from '../shared/live.ts';
import { go, useLocation, withQuery } from '../shared/location.ts';
import { useNextFrame } from '../shared/next-frame.ts';
import { Page } from '../shared/page.tsx';
import { Sign } from '../shared/sign.tsx';
import { formatSelection, parseSelection, type Selection } from './selection.ts';
import { SwarmDetail } from './swarm-detail.tsx';
import { SwarmLegend } from './swarm-legend.tsx';
import { SwarmPicture } from './swarm-picture.tsx';
import { SwarmTable } from './swarm-table.tsx';
import { describe } from './words.ts';

const SMALLEST = 13.5;
/** In pixels, by how many services there are at most: a small swarm is shown larger. */
const TEXTS: readonly (readonly [upTo: number, text: number])[] = [
  [12, 17],
  [24, 15],
  [Number.POSITIVE_INFINITY, SMALLEST],
];
const SMALL = 0.84;
/** Narrower pages put the nodes below the services, and are as long as they have to be. */
const WIDE = 860;
const LONG = 4_000;
const MIN_HEIGHT = 520;
/** What stands above and below the picture. */
const AROUND = 200;

export default function SwarmPage() {
  const live = useLive();
  const { state, ageMs } = live;
  const { query } = useLocation();
  const show = query.get('show');
  const selection = useMemo(() => parseSelection(show), [show]);
  const isTable = query.get('table') === '1';
  const select = useCallback((chosen: Selection | undefined) => {
    go(withQuery({ show: chosen && formatSelection(chosen) }), true);
  }, []);
  const tabled = useNextFrame(live);
  const table = useMemo(
    () =>
      tabled.state && (
        <SwarmTable
          state={tabled.state}
          nowMs={tabled.state.atMs + tabled.ageMs}
          selection={selection}
          isShown={isTable}
        />
      ),
    [tabled, selection, isTable],
  );
  if (!state)
    return (
      <Page title="Swarm">
        <p>
          {ageMs < STALE_MS
            ? 'Waiting for the first state…'
            : 'Palantir does not answer. It is asked again by itself.'}
        </p>
      </Page>
    );
  const nowMs = state.atMs + ageMs;
  const text = textFor(state.services.length);
  return (
    <Page title="Swarm">
      {ageMs >= STALE_MS && (
        <p class="swarm-stale" role="status">
          <Sign state="unknown" /> This is {age(ageMs)} old: Palantir is not heard.
        </p>
      )}
      <div class="swarm-line">
        <Summary state={state} />
        <button
          type="button"
          aria-expanded={isTable}
          aria-controls="swarm-table"
          onClick={() => go(withQuery({ table: isTable ? undefined : '1' }), true)}
        >
          {isTable ? 'Hide the table' : 'Show as a table'}
        </button>
      </div>
      <SwarmPicture
        state={state}
        nowMs={nowMs}
        text={text}
        smallText={text * SMALL}
        maxHeightOf={heightFor}
        selection={selection}
        onSelect={select}
        describe={(meant) => describe(meant, state, nowMs)}
      />
      <SwarmLegend />
      {selection && <SwarmDetail selection={selection} state={state} nowMs={nowMs} />}
      {table}
    </Page>
  );
}

function textFor(services: number): number {
  return innerWidth < WIDE ? SMALLEST : TEXTS.find(([upTo]) => services <= upTo)![1];
}

function heightFor(width: number): number {
  return width < WIDE ? LONG : Math.min(width - 1, Math.max(MIN_HEIGHT, innerHeight - AROUND));
}

function Summary({ state: { app, services, swarm } }: { state: WallState }) {
  const troubled = services.filter(({ state }) => state === 'down' || state === 'degraded').length;
  const instances = swarm.nodes.reduce((sum, { instances }) => sum + instances.length, 0);
  const nodes = swarm.nodes.length;
  return (
    <p class="swarm-summary">
      <Sign state={troubled > 0 ? 'degraded' : 'ok'} /> <strong>{app}</strong>: {services.length} services
      {troubled > 0 && `, ${troubled} not well`}; {instances} instances on {nodes}{' '}
      {nodes === 1 ? 'node' : 'nodes'}
    </p>
  );
}
